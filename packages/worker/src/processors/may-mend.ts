import type { AttemptContext } from '../execution/run-job.ts';
import { failureOf } from '../upstream/upstream-failure.ts';

/** Whether the job may run again for what failed here: later when the rate was the reason, else while attempts are left. */
export function isRetryableError(
  error: unknown,
  { isPatient, isLastAttempt }: AttemptContext,
): boolean {
  return isRateLimit(error) ? isPatient : !isLastAttempt;
}

export function isRateLimit(error: unknown): boolean {
  return failureOf(error).code === 'upstream_rate_limited';
}
