import {
  excerpt,
  toTime,
  type AuditEvent,
  type ChatMessage,
  type JobError,
} from '@promptq/shared/contracts';
import { toPublicJob, type JobData, type JobRecord, type JobResult } from '@promptq/shared/jobs';

type TerminalStatus = 'completed' | 'failed' | 'cancelled' | 'expired';
/** The audit event of a finished job. */
export type EndEvent = AuditEvent & { error: JobError | null };

const excerptLength = 100;

/** The part of a finished job's audit event that follows from the job alone. */
export function buildAuditEvent(
  record: JobRecord,
  finishedAtMs: number,
): Omit<EndEvent, 'id' | 'object' | 'job_id' | 'job_type' | 'tenant'> {
  const job = toPublicJob(record, {
    resultTtlSeconds: 0,
    includeInput: false,
    nowMs: finishedAtMs,
  });
  return {
    type: `job.${job.status as TerminalStatus}`,
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

function messageOf({ input }: JobData): string {
  if ('tasks' in input) return excerpt(input.text ?? input.texts?.[0] ?? '', excerptLength);
  const last = input.messages?.findLast(({ role }) => role === 'user') ?? input.messages?.at(-1);
  return excerpt(input.message ?? (last ? textOf(last) : ''), excerptLength);
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ');
}

/** The first 100 characters of an output. */
export function replyOf(output: JobResult['output']): string {
  return excerpt('response' in output ? output.response : JSON.stringify(output), excerptLength);
}
