import {
  analysisTaskSchema,
  noUsage,
  textsOf,
  toTime,
  type JobError,
  type JobStatus,
  type PublicJob,
} from '../contracts/index.ts';
import { isRetryable, publicMessage, type Failure } from '../failure/index.ts';
import type { JobData, JobRecord, QueueState } from './job-record.ts';

/**
 * The job as clients see it.
 * @param resultTtlSeconds how long a finished job is kept
 */
export function toPublicJob(
  record: JobRecord,
  options: { resultTtlSeconds: number; includeInput: boolean },
): PublicJob {
  const { data, state } = record;
  const finishedAtMs = 'finishedAtMs' in state ? state.finishedAtMs : null;
  const result = state.at === 'completed' ? state.result : null;
  const status = publicStatus(state);
  const total = callsOf(data);
  const self = `/v1/jobs/${record.id}`;
  return {
    id: record.id,
    object: 'job',
    type: record.type,
    status,
    input: options.includeInput ? data.input : null,
    output: result?.output ?? null,
    error: state.at === 'failed' ? jobError(state.failure, record.attemptsMade) : null,
    usage: result?.usage ?? noUsage,
    user_id: data.user_id,
    priority: 'normal',
    metadata: data.metadata,
    attempt: record.attemptsMade + (state.at === 'active' ? 1 : 0),
    max_attempts: record.maxAttempts,
    next_attempt_at: state.at === 'delayed' ? toTime(state.untilMs) : null,
    progress: { done: result ? total : Math.min(record.progress?.done ?? 0, total), total },
    created_at: toTime(record.createdAtMs),
    started_at: record.startedAtMs === null ? null : toTime(record.startedAtMs),
    finished_at: finishedAtMs === null ? null : toTime(finishedAtMs),
    cancel_requested_at: null,
    expires_at:
      finishedAtMs === null ? null : toTime(finishedAtMs + options.resultTtlSeconds * 1_000),
    retry_of: null,
    batch_id: null,
    custom_id: null,
    timings: timings(record, finishedAtMs),
    urls: { self, cancel: `${self}/cancel`, events: `${self}/events` },
  };
}

export function publicStatus(state: QueueState): JobStatus {
  switch (state.at) {
    case 'waiting':
    case 'delayed':
      return 'queued';
    case 'active':
      return 'in_progress';
    case 'completed':
      return 'completed';
    case 'failed':
      return 'failed';
  }
}

/** A failure as clients see it. */
export function jobError(failure: Failure, attempts: number): JobError {
  return {
    code: failure.code,
    message: publicMessage(failure.code),
    retryable: isRetryable(failure.code),
    attempts,
    upstream: failure.upstream,
  };
}

/** Milliseconds until the last attempt began, and in it. Clocks of machines differ: never below zero. */
export function timings(
  record: Pick<JobRecord, 'createdAtMs' | 'startedAtMs'>,
  finishedAtMs: number | null,
): PublicJob['timings'] {
  const { createdAtMs, startedAtMs } = record;
  return {
    queued_ms: startedAtMs === null ? null : Math.max(0, startedAtMs - createdAtMs),
    running_ms:
      startedAtMs === null || finishedAtMs === null
        ? null
        : Math.max(0, finishedAtMs - startedAtMs),
  };
}

/** How many calls to the upstream the job needs in all. */
export function callsOf(data: JobData): number {
  if (!('tasks' in data.input)) return 1;
  const tasks = data.input.tasks.length || analysisTaskSchema.options.length;
  return Math.max(1, textsOf(data.input).length * tasks);
}
