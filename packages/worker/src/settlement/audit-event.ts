import { eventIdOf } from '@promptq/shared/audit';
import {
  excerpt,
  noUsage,
  toTime,
  type AuditEvent,
  type ChatMessage,
  type JobType,
} from '@promptq/shared/contracts';
import { readFailure } from '@promptq/shared/failure';
import {
  jobError,
  jobResultSchema,
  publicStatus,
  timings,
  type JobData,
  type JobRecord,
  type JobResult,
} from '@promptq/shared/queues';
import type { TerminalEntry } from './outbox-entry.ts';

const excerptLength = 100;
/** Until there are API keys, all jobs have one owner. */
const tenant = 'default';

/**
 * The audit event of a finished job.
 * @param record the job, or `null` when it is no longer there or was not made by promptq: the entry of
 * BullMQ's stream says how it ended all the same
 */
export function auditEventOf(
  type: JobType,
  entry: TerminalEntry,
  record: JobRecord | null,
): AuditEvent {
  const state = record?.state;
  const entryMs = Number(entry.id.split('-', 1)[0]);
  const common = {
    id: eventIdOf(type, entry.id),
    object: 'audit_event',
    job_id: entry.jobId,
    job_type: type,
    tenant,
  } as const;
  if (!record || !state || !('finishedAtMs' in state)) {
    const result = entry.event === 'completed' ? resultIn(entry.detail) : null;
    return {
      ...common,
      type: `job.${entry.event}`,
      timestamp: toTime(entryMs),
      user_id: null,
      model: null,
      attempts: null,
      queued_ms: null,
      latency_ms: null,
      usage: result?.usage ?? noUsage,
      message: null,
      reply: result && replyOf(result),
      error: entry.event === 'failed' ? jobError(readFailure(entry.detail, 0), 0) : null,
      worker: null,
    };
  }
  const { queued_ms, running_ms } = timings(record, state.finishedAtMs);
  const result = state.at === 'completed' ? state.result : null;
  return {
    ...common,
    type: `job.${publicStatus(state) as 'completed' | 'failed'}`,
    timestamp: toTime(state.finishedAtMs),
    user_id: record.data.user_id,
    model: record.data.input.model,
    attempts: record.attemptsMade,
    queued_ms,
    latency_ms: running_ms,
    usage: result?.usage ?? noUsage,
    message: messageOf(record.data),
    reply: result && replyOf(result),
    error: state.at === 'failed' ? jobError(state.failure, record.attemptsMade) : null,
    worker: record.worker,
  };
}

function resultIn(returnValue: string): JobResult | null {
  try {
    return jobResultSchema.safeParse(JSON.parse(returnValue)).data ?? null;
  } catch {
    return null; // Not JSON: the job was not made by promptq, and its event says no more than that it ended.
  }
}

function messageOf({ input }: JobData): string {
  if ('tasks' in input) return excerpt(input.text ?? input.texts?.[0] ?? '', excerptLength);
  const last = input.messages?.findLast(({ role }) => role === 'user') ?? input.messages?.at(-1);
  return excerpt(input.message ?? (last ? textOf(last) : ''), excerptLength);
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ');
}

function replyOf({ output }: JobResult): string {
  return excerpt('response' in output ? output.response : JSON.stringify(output), excerptLength);
}
