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
  /** The upstream is rate-limited or unavailable: the pool pauses, the job returns to the queue and no attempt is spent. */
  | {
      kind: 'deferred';
      reason: Exclude<PauseReason, 'budget'>;
      failure: Failure;
      retryAfterMs: number | null;
    }
  /** The upstream budget is spent: a call was not made, so nothing failed. The pool pauses as above. */
  | { kind: 'deferred'; reason: 'budget'; retryAfterMs: number }
  /** The process stops: the job returns to the queue and no attempt is spent. */
  | { kind: 'interrupted' }
  /** Another job in quarantine runs in this process: the job returns after a short delay and no attempt is spent. */
  | { kind: 'quarantined' }
  /** Another worker has the job: the result of this attempt is discarded. */
  | { kind: 'lost' };

/** What else the outcome depends on. */
export interface Circumstances {
  cause: AbortCause | null;
  /** The pause that the upstream asked for. */
  retryAfterMs: number | null;
  /** Whether the job may keep waiting while the upstream rate-limits it. */
  isPatient: boolean;
}

/**
 * The second step from an error to an outcome. If the attempt was aborted, the cause decides, not the error that the
 * aborted call threw. A call that the budget prevented spends no attempt, even if the timeout fired meanwhile.
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
