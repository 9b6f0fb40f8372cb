import { setTimeout as delay } from 'node:timers/promises';

const pollIntervalMs = 20;
/** No test measures with this limit. It only ends one whose condition never comes true, on however busy a machine. */
const maxWaitMs = 300_000;

/** Waits until `probe` gives something other than false, null or undefined, and gives that. */
export async function until<Seen>(
  what: string,
  probe: () => Promise<Seen | false | null | undefined> | Seen | false | null | undefined,
): Promise<Seen> {
  const endsAt = Date.now() + maxWaitMs;
  for (;;) {
    const seen = await probe();
    if (seen !== false && seen !== null && seen !== undefined) return seen;
    if (Date.now() > endsAt) throw new Error(`did not happen: ${what}`);
    await delay(pollIntervalMs);
  }
}
