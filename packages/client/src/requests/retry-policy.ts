import type { PromptQError } from '../promptq-error.ts';

const firstDelayMs = 500;
const longestDelayMs = 8_000;
/** The contract's `Retry-After` ends at a minute. Whoever is told to wait longer should decide that himself. */
const longestRetryAfterMs = 60_000;

/** Answers that another try may mend, when trying again does no harm (RFC 9110, 15.5.9 and 15.6). */
const passingStatuses = new Set([408, 500, 502, 503, 504]);

/**
 * How long to wait before the next try, in milliseconds, or `null` for none.
 * - `X-Should-Retry: false` ends it, whatever the status.
 * - 429 was not carried out, so it is tried again whatever the call was. Everything else only when the call is
 *   `repeatable`: a request without an answer, and a 503 too, may have been carried out.
 * - Never sooner than `Retry-After` says. Without it: 0.5 s, 1 s, 2 s ... 8 s, shortened at random by up to half,
 *   so that clients which failed together do not come back together.
 * @param retries how many tries came after the first so far
 * @param random from 0 to 1
 */
export function retryDelayMs(
  error: PromptQError,
  call: { repeatable: boolean; retries: number; maxRetries: number },
  random: number,
): number | null {
  if (call.retries >= call.maxRetries || !isPassing(error, call.repeatable)) return null;
  const backoffMs = Math.min(longestDelayMs, firstDelayMs * 2 ** call.retries) * (1 - random / 2);
  if (error.retryAfterMs === null) return backoffMs;
  if (error.retryAfterMs > longestRetryAfterMs) return null;
  // A little later than told, for the same reason.
  return error.retryAfterMs + (random * firstDelayMs) / 2;
}

function isPassing(error: PromptQError, repeatable: boolean): boolean {
  if (error.shouldRetry === false) return false;
  if (error.status === 429) return true;
  if (!repeatable) return false;
  if (error.shouldRetry === true) return true;
  if (error.status === null)
    return error.code === 'unreachable' || error.code === 'request_timeout';
  return passingStatuses.has(error.status);
}
