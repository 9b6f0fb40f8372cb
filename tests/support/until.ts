import { setTimeout as delay } from 'node:timers/promises';

const askAgainMs = 20;
const givesUpAfterMs = 150_000;

/** Waits until `look` gives something other than false, null or undefined, and gives that. */
export async function until<Seen>(
  what: string,
  look: () => Promise<Seen | false | null | undefined> | Seen | false | null | undefined,
): Promise<Seen> {
  const endsAt = Date.now() + givesUpAfterMs;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== null && seen !== undefined) return seen;
    if (Date.now() > endsAt) throw new Error(`did not happen: ${what}`);
    await delay(askAgainMs);
  }
}
