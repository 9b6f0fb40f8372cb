import type { JobStatus } from '../contracts/index.ts';
import type { Failure } from '../failure/index.ts';
import type { JobRecord } from './record.ts';

/** The status that clients see and, if it is terminal, its time and reason. */
interface StatusDetail {
  status: JobStatus;
  finishedAtMs: number | null;
  failure: Failure | null;
}

/**
 * The public status. A queued job with a cancellation request, or past its time to start, is already cancelled or
 * expired, because no worker will run it. A worker still takes it and fails it with that code, so that all jobs finish
 * the same way.
 */
export function statusOf(record: JobRecord, nowMs: number): StatusDetail {
  const { state, data } = record;
  switch (state.at) {
    case 'active':
      // The job was cancelled while it waited. A worker has taken it only to fail it.
      if (data.cancelled_before_start && data.cancel_requested_at !== null) {
        return endedBeforeStart('cancelled', data.cancel_requested_at);
      }
      return { status: 'in_progress', finishedAtMs: null, failure: null };
    case 'completed':
      return { status: 'completed', finishedAtMs: state.finishedAtMs, failure: null };
    case 'failed':
      return {
        status: failedStatus(state.failure),
        finishedAtMs: state.finishedAtMs,
        failure: state.failure,
      };
    case 'waiting':
    case 'delayed':
      if (data.cancel_requested_at !== null) {
        return endedBeforeStart('cancelled', data.cancel_requested_at);
      }
      if (hasExpired(record, nowMs)) return endedBeforeStart('expired', record.startByMs);
      return { status: 'queued', finishedAtMs: null, failure: null };
  }
}

/** Whether the job has not started and its time to start is over. */
function hasExpired(record: JobRecord, nowMs: number): boolean {
  return record.startedAtMs === null && nowMs > record.startByMs;
}

function endedBeforeStart(code: 'cancelled' | 'expired', finishedAtMs: number): StatusDetail {
  return { status: code, finishedAtMs, failure: { code, upstream: null } };
}

/** The public status of a job that BullMQ has failed. */
export function failedStatus({ code }: Failure): 'cancelled' | 'expired' | 'failed' {
  return code === 'cancelled' || code === 'expired' ? code : 'failed';
}
