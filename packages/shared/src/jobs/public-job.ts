import { noUsage, textsOf, toTime, type JobError, type PublicJob } from '../contracts/index.ts';
import { isRetryable, publicMessage, type Failure } from '../failure/index.ts';
import { batchOf } from './batch-id.ts';
import type { JobData, JobRecord } from './record.ts';
import { statusOf } from './status.ts';

/**
 * The job as clients see it.
 * @param options.resultTtlSeconds how long a finished job is kept
 */
export function toPublicJob(
  record: JobRecord,
  options: { resultTtlSeconds: number; includeInput: boolean },
): PublicJob {
  const { data, state } = record;
  const { status, finishedAtMs, failure } = statusOf(record);
  const result = state.at === 'completed' ? state.result : null;
  const attempts = attemptsOf(record);
  const isRunning = status === 'in_progress';
  const hasStarted = attempts > 0 || isRunning;
  const startedAtMs = hasStarted ? record.startedAtMs : null;
  const total = callsOf(data);
  const self = `/v1/jobs/${record.id}`;
  return {
    id: record.id,
    object: 'job',
    type: record.type,
    status,
    input: options.includeInput ? data.input : null,
    output: result?.output ?? null,
    error: failure && jobError(failure, attempts),
    usage: result?.usage ?? noUsage,
    user_id: data.user_id,
    priority: data.priority,
    metadata: data.metadata,
    attempt: attempts + (isRunning ? 1 : 0),
    max_attempts: record.maxAttempts,
    next_attempt_at: status === 'queued' && state.at === 'delayed' ? toTime(state.untilMs) : null,
    progress: { done: result ? total : Math.min(record.progress?.done ?? 0, total), total },
    created_at: toTime(record.createdAtMs),
    started_at: timeOrNull(startedAtMs),
    finished_at: timeOrNull(finishedAtMs),
    cancel_requested_at: timeOrNull(data.cancel_requested_at),
    expires_at: timeOrNull(finishedAtMs && finishedAtMs + options.resultTtlSeconds * 1_000),
    retry_of: data.retry_of,
    batch_id: batchOf(record.id)?.batchId ?? null,
    custom_id: data.custom_id,
    timings: timingsOf({ createdAtMs: record.createdAtMs, startedAtMs }, finishedAtMs),
    urls: { self, cancel: `${self}/cancel`, events: `${self}/events` },
  };
}

/** The number of attempts that have ended. An attempt that ended before its processor ran does not count. */
export function attemptsOf({ attemptsMade, state }: JobRecord): number {
  return state.at === 'failed' && state.failure.neverStarted ? attemptsMade - 1 : attemptsMade;
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

/**
 * The milliseconds before the last attempt and within it. They are never negative, although the clocks of machines
 * differ.
 */
export function timingsOf(
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

/** The total number of upstream calls of the job. */
export function callsOf({ input }: JobData): number {
  return 'tasks' in input ? Math.max(1, textsOf(input).length * input.tasks.length) : 1;
}

function timeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : toTime(epochMs);
}
