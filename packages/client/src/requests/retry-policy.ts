import type { PromptQError } from './promptq-error.ts';

const firstDelayMs = 500;
const maxDelayMs = 8_000;
/** The API asks for at most a minute. If a proxy asks for more, the caller decides. */
const maxRetryAfterMs = 60_000;

/** Statuses of failures that may be transient (RFC 9110, 15.5.9 and 15.6). */
const transientStatuses = new Set([408, 500, 502, 503, 504]);

/**
 * Returns how long to wait before the next try, in milliseconds, or `null` to give up.
 * - `X-Should-Retry: false` means give up, whatever the status.
 * - 429 is always retried, because the API did not carry out the request. Other failures are retried only if the call is
 *   `repeatable`: without a response, and even after a 503, the API may have carried it out.
 * - The delay is never shorter than `Retry-After`. Without that header it is 0.5 s, 1 s, 2 s ... 8 s, reduced by a
 *   random part of up to half. So clients that failed together do not retry together.
 * @param call `retries` counts the tries after the first one
 * @param random from 0 to 1
 */
export function retryDelayMs(
  error: PromptQError,
  call: { repeatable: boolean; retries: number; maxRetries: number },
  random: number,
): number | null {
  if (call.retries >= call.maxRetries || !isRetryable(error, call.repeatable)) return null;
  const backoffMs = Math.min(maxDelayMs, firstDelayMs * 2 ** call.retries) * (1 - random / 2);
  if (error.retryAfterMs === null) return backoffMs;
  if (error.retryAfterMs > maxRetryAfterMs) return null;
  // A random part on top, for the same reason.
  return error.retryAfterMs + (random * firstDelayMs) / 2;
}

function isRetryable(error: PromptQError, repeatable: boolean): boolean {
  if (error.shouldRetry === false) return false;
  if (error.status === 429) return true;
  if (!repeatable) return false;
  if (error.shouldRetry === true) return true;
  if (error.status === null)
    return error.code === 'unreachable' || error.code === 'request_timeout';
  return transientStatuses.has(error.status);
}
