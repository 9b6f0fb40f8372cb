const firstRetryMs = 1_000;

/**
 * The delay before the next attempt: 1 s, 2 s, 4 s and so on, each shortened at random by up to half. The jitter keeps
 * jobs that failed together from coming back together.
 */
export function retryInMs(attemptsMade: number, random = Math.random()): number {
  return Math.round(firstRetryMs * 2 ** (attemptsMade - 1) * (1 - random / 2));
}
