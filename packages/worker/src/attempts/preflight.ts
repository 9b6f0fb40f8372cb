import type { ActiveJob } from './active-job.ts';
import type { Outcome } from './outcome.ts';

/**
 * Decides whether a fetched job must not run, because a client has cancelled it or the store has marked it as overdue
 * (jobs/mark-overdue.lua of the store). The attempt does not count.
 * @returns the outcome of such a job, or `null` when the job may run
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
