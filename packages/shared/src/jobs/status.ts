import type { JobStatus } from '../contracts/index.ts';
import type { Failure } from '../failure/index.ts';
import type { JobRecord } from './record.ts';

/** The status that clients see and, if it is terminal, its time and reason. */
interface StatusDetail {
  status: JobStatus;
  finishedAtMs: number | null;
  failure: Failure | null;
}

/** The public status. A terminal status is stored; it is never derived from a clock or from a request of a client. */
export function statusOf({ state }: JobRecord): StatusDetail {
  switch (state.at) {
    case 'waiting':
    case 'delayed':
      return { status: 'queued', finishedAtMs: null, failure: null };
    case 'active':
      return { status: 'in_progress', finishedAtMs: null, failure: null };
    case 'completed':
      return { status: 'completed', finishedAtMs: state.finishedAtMs, failure: null };
    case 'failed':
      return {
        status: failedStatus(state.failure),
        finishedAtMs: state.finishedAtMs,
        failure: state.failure,
      };
  }
}

/** The public status of a job that BullMQ has failed. */
export function failedStatus({ code }: Failure): 'cancelled' | 'expired' | 'failed' {
  return code === 'cancelled' || code === 'expired' ? code : 'failed';
}
