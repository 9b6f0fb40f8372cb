import { DelayedError, RateLimitError, UnrecoverableError, WaitingError, type Job } from 'bullmq';
import type { Failure } from '@promptq/shared/failure';
import type { JobData, JobResult } from '@promptq/shared/jobs';
import type { Outcome } from '../attempts/outcome.ts';
import type { PauseReason } from '../backpressure/pause.ts';
import { quarantinedUntilMs } from '../attempts/quarantine.ts';

interface Deps {
  /** Wakes idle workers. BullMQ does not wake them when a job with a priority returns to the queue. */
  wake: () => Promise<unknown>;
  /** Pauses the pool. */
  pause: (askedMs: number | null, reason: PauseReason) => Promise<unknown>;
}

/**
 * Translates the outcome for BullMQ: into a return value or a thrown error.
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
      // Idle workers see the pause and know when it ends.
      await wake();
      throw new RateLimitError();
    case 'lost':
      // BullMQ leaves a job alone that reports it returned to waiting.
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

/** Removes the stack, which BullMQ would store with the job in Redis. It says nothing about the failure. */
export function withoutStack(error: Error): Error {
  delete error.stack;
  return error;
}
