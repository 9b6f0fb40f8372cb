import type { JobResult } from '@promptq/shared/jobs';
import { isRetryable, type Failure } from '@promptq/shared/failure';
import { BudgetSpentError } from '../backpressure/within-budget.ts';
import type { PauseReason } from '../backpressure/pause.ts';

/** Why an attempt was aborted: the `reason` of its signal. */
export type AbortCause =
  | { kind: 'timeout' }
  | { kind: 'stopping' }
  | { kind: 'cancelled' }
  /** Another worker may have the job by now. */
  | { kind: 'lock lost' };

/** How an attempt ended. */
export type Outcome =
  | { kind: 'completed'; result: JobResult }
  /** The attempt is spent; another follows if there are any left. */
  | { kind: 'retry'; failure: Failure }
  /** No further attempt would help. */
  | { kind: 'fail'; failure: Failure }
  /** The upstream wants to be left alone: the pool pauses, the job goes back to the queue and no attempt is spent. */
  | {
      kind: 'deferred';
      reason: Exclude<PauseReason, 'budget'>;
      failure: Failure;
      retryAfterMs: number | null;
    }
  /** The same, and nothing has failed: a call was not made. */
  | { kind: 'deferred'; reason: 'budget'; retryAfterMs: number }
  /** The process stops: the job goes back to the queue and no attempt is spent. */
  | { kind: 'interrupted' }
  /** It may be the job that kills workers, and another such one runs here: back in a moment, no attempt is spent. */
  | { kind: 'quarantined' }
  /** The job is not ours any more: whatever came of it here is discarded. */
  | { kind: 'lost' };

/** What else the decision rests on. */
export interface Circumstances {
  cause: AbortCause | null;
  /** What a refusing upstream asked for. */
  retryAfterMs: number | null;
  /** Whether a job that the upstream refuses for its rate may still wait. */
  isPatient: boolean;
}

/**
 * The second step from an error to an outcome. The cause of an abort decides; what the aborted call
 * then threw does not matter. Only a call that was not made is no attempt, also when its time ran out meanwhile.
 */
export function decide(
  failure: Failure | BudgetSpentError,
  { cause, retryAfterMs, isPatient }: Circumstances,
): Exclude<Outcome, { kind: 'completed' }> {
  switch (cause?.kind) {
    case 'stopping':
      return { kind: 'interrupted' };
    case 'lock lost':
      return { kind: 'lost' };
    case 'cancelled':
      return { kind: 'fail', failure: { code: 'cancelled', upstream: null } };
  }
  if (failure instanceof BudgetSpentError) {
    return { kind: 'deferred', reason: 'budget', retryAfterMs: failure.waitMs };
  }
  if (cause) return { kind: 'retry', failure: { code: 'timeout', upstream: null } };
  if (failure.code === 'upstream_rate_limited') {
    return isPatient
      ? { kind: 'deferred', reason: 'rate_limited', failure, retryAfterMs }
      : { kind: 'fail', failure: failure };
  }
  return { kind: isRetryable(failure.code) ? 'retry' : 'fail', failure: failure };
}
