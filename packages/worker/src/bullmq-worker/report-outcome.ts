import { DelayedError, RateLimitError, UnrecoverableError, WaitingError, type Job } from 'bullmq';
import type { Failure } from '@promptq/shared/failure';
import type { JobData, JobResult } from '@promptq/shared/jobs';
import type { Outcome } from '../attempts/outcome.ts';
import type { PauseReason } from '../backpressure/pause.ts';
import { quarantinedUntilMs } from '../attempts/quarantine.ts';

interface Deps {
  /** Tells idle workers that a job waits: BullMQ forgets to when a job with a priority goes back. */
  wake: () => Promise<unknown>;
  /** Pauses the pool. */
  pause: (askedMs: number | null, reason: PauseReason) => Promise<unknown>;
}

/**
 * The outcome in BullMQ's language: a return value, or what is thrown.
 * @param token of the attempt's lock
 */
export async function reportOutcome(
  outcome: Outcome,
  job: Job<JobData, JobResult>,
  token: string | undefined,
  { wake, pause }: Deps,
): Promise<JobResult> {
  switch (outcome.kind) {
    case 'completed':
      return outcome.result;
    case 'retry':
      throw withoutStack(new Error(asReason(outcome.failure)));
    case 'fail':
      throw withoutStack(new UnrecoverableError(asReason(outcome.failure)));
    case 'deferred':
      await pause(outcome.retryAfterMs, outcome.reason);
      // Idle workers learn of the pause, so they know when it ends.
      await wake();
      throw new RateLimitError();
    case 'lost':
      // BullMQ does nothing more with a job that says it went back to waiting.
      throw new WaitingError();
    case 'quarantined':
      await job.moveToDelayed(quarantinedUntilMs(Date.now()), token);
      throw new DelayedError();
    case 'interrupted':
      await job.moveToWait(token);
      await wake();
      throw new WaitingError();
  }
}

/** BullMQ keeps the message as `failedReason`; `readFailure` in shared is its counterpart. */
function asReason(failure: Failure): string {
  return JSON.stringify(failure);
}

/** BullMQ keeps stacks with the job, in Redis: this one says nothing and costs room. */
export function withoutStack(error: Error): Error {
  delete error.stack;
  return error;
}
