import type { ActiveJob } from './active-job.ts';
import type { Outcome } from './outcome.ts';

/**
 * Whether a fetched job is not run at all: a client has cancelled it, or the store has found that its time to start is over
 * (jobs/mark-overdue.lua of the store). The attempt does not count.
 */
export function preflight(job: Pick<ActiveJob, 'data'>, wasCancelled: boolean): Outcome | null {
  // A job that promptq did not write may have any data, or none.
  const { cancel_requested_at = null, overdue = false } = (job.data ?? {}) as {
    cancel_requested_at?: number | null;
    overdue?: boolean;
  };
  if (wasCancelled || cancel_requested_at !== null) return neverStarted('cancelled');
  return overdue ? neverStarted('expired') : null;
}

function neverStarted(code: 'cancelled' | 'expired'): Outcome {
  return { kind: 'fail', failure: { code, upstream: null, neverStarted: true } };
}
