import { eventIdOf } from '@promptq/shared/audit';
import {
  defaultTenant,
  excerpt,
  noUsage,
  toTime,
  type AuditEvent,
  type ChatMessage,
  type JobError,
  type JobType,
} from '@promptq/shared/contracts';
import { readFailure } from '@promptq/shared/failure';
import {
  failedStatus,
  jobError,
  toPublicJob,
  type JobData,
  type JobRecord,
  type JobResult,
} from '@promptq/shared/queues';
import type { EndStatus } from '../metrics/settlement-metrics.ts';
import { resultOf, type TerminalEntry } from './outbox-entry.ts';

type CommonMembers = Pick<AuditEvent, 'id' | 'object' | 'job_id' | 'job_type' | 'tenant'>;
/** The audit event of a job's end. */
export type EndEvent = AuditEvent & { error: JobError | null };

const excerptLength = 100;
/**
 * The audit event of a finished job.
 * @param record the job, or `null` when it is no longer there or was not made by promptq: the entry of
 * BullMQ's stream says how it ended all the same
 */
export function auditEventOf(
  type: JobType,
  entry: TerminalEntry,
  record: JobRecord | null,
): EndEvent {
  const common = {
    id: eventIdOf(type, entry.id),
    object: 'audit_event',
    job_id: entry.jobId,
    job_type: type,
    tenant: record?.data.tenant ?? defaultTenant,
  } as const;
  if (!record || !('finishedAtMs' in record.state)) return { ...common, ...endOf(entry) };
  const { finishedAtMs } = record.state;
  const job = toPublicJob(record, {
    resultTtlSeconds: 0,
    includeInput: false,
    nowMs: finishedAtMs,
  });
  return {
    ...common,
    type: `job.${job.status as EndStatus}`,
    timestamp: toTime(finishedAtMs),
    user_id: job.user_id,
    model: record.data.input.model,
    attempts: job.attempt,
    queued_ms: job.timings.queued_ms,
    latency_ms: job.timings.running_ms,
    usage: job.usage,
    message: messageOf(record.data),
    reply: job.output && replyOf(job.output),
    error: job.error,
    worker: record.worker,
  };
}

/** What the entry alone tells. */
function endOf(entry: TerminalEntry): Omit<EndEvent, keyof CommonMembers> {
  const result = resultOf(entry);
  const failure = entry.event === 'failed' ? readFailure(entry.detail, 0) : null;
  return {
    type: `job.${failure ? failedStatus(failure) : 'completed'}`,
    timestamp: toTime(Number(entry.id.split('-', 1)[0])),
    user_id: null,
    model: null,
    attempts: null,
    queued_ms: null,
    latency_ms: null,
    usage: result?.usage ?? noUsage,
    message: null,
    reply: result && replyOf(result.output),
    error: failure && jobError(failure, 0),
    worker: null,
  };
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

function replyOf(output: JobResult['output']): string {
  return excerpt('response' in output ? output.response : JSON.stringify(output), excerptLength);
}
