import type { Failure } from '@promptq/shared/failure';
import type { AttemptContext } from '../attempts/run-attempt.ts';
import { BudgetSpentError } from '../backpressure/within-budget.ts';
import { failureOf } from '../upstream/upstream-failure.ts';
import type { Checkpoints } from './checkpoints.ts';

/**
 * Whether the job may run again after this error: after a rate limit while it may wait, otherwise while attempts are
 * left.
 */
export function isRetryableError(
  error: unknown,
  { isPatient, isLastAttempt }: AttemptContext,
): boolean {
  return isRateLimit(error) ? isPatient : !isLastAttempt;
}

export function isRateLimit(error: unknown): boolean {
  return failureOf(error).code === 'upstream_rate_limited';
}

interface Deps {
  /** The errors of failed calls, by step. */
  failures: ReadonlyMap<string, unknown>;
  context: AttemptContext;
  checkpoints: Pick<Checkpoints, 'keep'>;
  /** Whether a call was finished in this attempt. */
  madeProgress: boolean;
  /** Set when the attempt has timed out: the failure of the calls that were in flight. */
  timedOut: Failure | null;
}

/**
 * The error that ends an attempt whose budget ran out, or `null` when the budget did not run out. Usually the job
 * continues later and no attempt is spent. Two rules ensure that the job ends even when the upstream fails all the
 * calls that one window allows:
 * - A call that may not be retried is finished with its failure.
 * - An attempt in which calls failed and none was finished is spent.
 */
export async function outOfBudget(deps: Deps): Promise<unknown> {
  const { failures, context, checkpoints, madeProgress, timedOut } = deps;
  const spent = [...failures.values()].find((error) => error instanceof BudgetSpentError);
  if (!spent) return null;
  const failed = [...failures].filter(([, error]) => !(error instanceof BudgetSpentError));
  for (const [step, error] of failed) {
    if (!isRetryableError(error, context))
      await checkpoints.keep(step, { failure: timedOut ?? failureOf(error) });
  }
  const retryable = failed
    .map(([, error]) => error)
    .filter((error) => isRetryableError(error, context));
  const rateLimit = retryable.find(isRateLimit);
  // A rate limit spends no attempt either, and the upstream may have said how long to pause.
  if (rateLimit && !timedOut) return rateLimit;
  return madeProgress ? spent : (retryable.find((error) => !isRateLimit(error)) ?? spent);
}
