import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';

const renew = defineScript(import.meta.url, 'renew-lease');
const releaseScript = defineScript(import.meta.url, 'release-lease');

/** The work that one process at a time does: `sweep` removes old data, `dispatch` releases the requests of batches. */
export type LeaseName = 'sweep' | 'dispatch';

/**
 * Takes a free lease or renews one that this process holds. Call it more often than every `ttlMs`. A lease avoids
 * duplicate work. It does not guarantee that only one process works, because a process may be suspended for longer than
 * `ttlMs`.
 * @param holder the name of this process
 * @param ttlMs how long the lease is held, even if the process dies
 * @returns whether this process holds the lease now
 */
export async function holdsLease(
  context: StoreContext,
  name: LeaseName,
  { holder, ttlMs }: { holder: string; ttlMs: number },
): Promise<boolean> {
  const control = { holder, ttl: ttlMs };
  return (await renew(context.redis, { keys: [keyOf(context, name)], control })) === 1;
}

/** Releases a lease if this process holds it. */
export async function releaseLease(
  context: StoreContext,
  name: LeaseName,
  holder: string,
): Promise<void> {
  await releaseScript(context.redis, { keys: [keyOf(context, name)], control: { holder } });
}

function keyOf({ keys }: StoreContext, name: LeaseName): string {
  return name === 'sweep' ? keys.sweeperLease : keys.dispatchLease;
}
