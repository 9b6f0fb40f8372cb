import { setTimeout as delay } from 'node:timers/promises';

const timeoutMs = 60_000;

/**
 * Waits until the condition is true, and checks it every few milliseconds.
 * @param description of the condition, for the error message
 * @throws {Error} after a minute
 */
export async function waitUntil(
  description: string,
  condition: () => boolean | Promise<boolean>,
  intervalMs = 5,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`timed out after ${timeoutMs / 1_000} s: ${description}`);
    }
    await delay(intervalMs);
  }
}
