import type { JobStatus } from '../contracts/index.ts';
import type { Failure } from '../failure/index.ts';
import type { JobRecord } from './record.ts';

/** How a job stands for clients: its status and, when it is terminal, since when and why. */
interface StatusDetail {
  status: JobStatus;
  finishedAtMs: number | null;
  failure: Failure | null;
}

/**
 * The public status. A queued job that is to be cancelled, or whose time to start is over, is cancelled or
 * expired already: no worker will do its work. It still passes through one, which fails it with that code,
 * so that settlement is the same path for all.
 */
export function statusOf(record: JobRecord, nowMs: number): StatusDetail {
  const { state, data } = record;
  switch (state.at) {
    case 'active':
      // It was cancelled while it waited, and is with the worker that will fail it for that.
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

/** Whether the job was never started and may not be any more. */
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
