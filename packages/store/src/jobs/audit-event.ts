import {
  defaultTenant,
  excerpt,
  noUsage,
  plainEvent,
  textsOf,
  toTime,
  type ChatMessage,
} from '@promptq/shared/contracts';
import {
  attemptsOf,
  eventIdOf,
  failedStatus,
  jobError,
  timingsOf,
  type JobData,
  type JobResult,
} from '@promptq/shared/jobs';
import type { FinishedEvent, FinishedRecord, FinishedStatus } from './finished-job.ts';

const excerptLength = 100;

export function finishedStatusOf({ state }: FinishedRecord): FinishedStatus {
  return state.at === 'completed' ? 'completed' : failedStatus(state.failure);
}

/**
 * The audit event of a finished job.
 * @throws {TypeError} when promptq did not write the job's data; every input that it stores has a model
 */
export function auditEventOf(record: FinishedRecord): FinishedEvent {
  const { id, type, data, state } = record;
  if (typeof data.input.model !== 'string')
    throw new TypeError('the input of the job has no model');
  const result = state.at === 'completed' ? state.result : null;
  const attempts = attemptsOf(record);
  const startedAtMs = attempts > 0 ? record.startedAtMs : null;
  const { queued_ms, running_ms } = timingsOf(
    { createdAtMs: record.createdAtMs, startedAtMs },
    state.finishedAtMs,
  );
  return {
    id: eventIdOf(id),
    object: 'audit_event',
    type: `job.${finishedStatusOf(record)}`,
    timestamp: toTime(state.finishedAtMs),
    job_id: id,
    job_type: type,
    tenant: data.tenant,
    user_id: data.user_id,
    model: data.input.model,
    attempts,
    queued_ms,
    latency_ms: running_ms,
    usage: result?.usage ?? noUsage,
    message: messageOf(data),
    reply: result && replyOf(result.output),
    error: state.at === 'failed' ? jobError(state.failure, attempts) : null,
    worker: record.worker,
  };
}

/** The audit event of a job whose data promptq did not write. It has only what is known from the end of the job. */
export function bareAuditEventOf(record: FinishedRecord): FinishedEvent {
  const { id, type: jobType, state } = record;
  const type = `job.${finishedStatusOf(record)}` as const;
  const error = state.at === 'failed' ? jobError(state.failure, 0) : null;
  const given = {
    id: eventIdOf(id),
    timestamp: toTime(state.finishedAtMs),
    job_id: id,
    job_type: jobType,
    tenant: defaultTenant,
  };
  return { ...plainEvent('job', { ...given, type }), type, error };
}

function messageOf({ input }: JobData): string {
  if ('tasks' in input) return excerpt(textsOf(input)[0] ?? '', excerptLength);
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
