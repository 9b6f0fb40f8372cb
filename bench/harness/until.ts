import { setTimeout as delay } from 'node:timers/promises';

const giveUpAfterMs = 60_000;

/**
 * Waits until `look` is true, asking every few milliseconds.
 * @throws {Error} after a minute: whatever is measured has broken by then
 */
export async function until(
  what: string,
  look: () => boolean | Promise<boolean>,
  everyMs = 5,
): Promise<void> {
  const endsAt = performance.now() + giveUpAfterMs;
  while (!(await look())) {
    if (performance.now() > endsAt) throw new Error(`did not happen in a minute: ${what}`);
    await delay(everyMs);
  }
}
