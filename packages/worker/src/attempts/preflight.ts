import { defaultStartWithinSeconds } from '@promptq/shared/contracts';
import { startBy, type JobData, type JobResult } from '@promptq/shared/jobs';
import type { Job } from 'bullmq';
import type { Outcome } from './outcome.ts';

/**
 * Checks a job before it runs. @returns the outcome of a job that must not run, because a client cancelled it or its
 * time to start is over; such an attempt does not count. `null` if the job may run.
 */
export function preflight(
  job: Pick<Job<JobData, JobResult>, 'data' | 'opts' | 'timestamp' | 'attemptsStarted'>,
  wasCancelled: boolean,
  nowMs: number,
): Outcome | null {
  // BullMQ hands over what is in Redis: a job that promptq did not make may have any data, or none.
  const { cancel_requested_at = null, start_within_seconds = defaultStartWithinSeconds } =
    (job.data ?? {}) as Partial<JobData>;
  if (wasCancelled || cancel_requested_at !== null) return neverStarted('cancelled');
  const isFirstStart = job.attemptsStarted <= 1;
  const startByMs = startBy(job.timestamp, job.opts.delay ?? 0, start_within_seconds);
  return isFirstStart && nowMs > startByMs ? neverStarted('expired') : null;
}

function neverStarted(code: 'cancelled' | 'expired'): Outcome {
  return { kind: 'fail', failure: { code, upstream: null, neverStarted: true } };
}
