import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';

const renew = defineScript(import.meta.url, 'renew-lease');
const releaseScript = defineScript(import.meta.url, 'release-lease');

/** What one process at a time does: `sweep` removes what is no longer kept, `dispatch` releases the requests of batches. */
export type LeaseName = 'sweep' | 'dispatch';

/**
 * Whether this process holds a lease now: it takes one that is free and renews its own. Call it more often than `ttlMs`.
 * A lease saves work; it does not guarantee that only one process works, because a process may pause for longer than it.
 * @param holder the name of this process
 * @param ttlMs for how long the lease is held, even if the process dies
 */
export async function holdsLease(
  context: StoreContext,
  name: LeaseName,
  { holder, ttlMs }: { holder: string; ttlMs: number },
): Promise<boolean> {
  const control = { holder, ttl: ttlMs };
  return (await renew(context.redis, { keys: [keyOf(context, name)], control })) === 1;
}

/** Gives a lease up. One that another process holds stays as it is. */
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
