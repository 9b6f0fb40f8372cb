import type { StoreContext } from '../context.ts';
import { findDelivery } from './find-delivery.ts';

const chunkSize = 500;

/**
 * Yields the ids of this tenant's deliveries that failed for good in this period, oldest first. They are in BullMQ's
 * set of failed jobs, ordered by the time of the failure. The caller must redeliver each one before it takes the next:
 * that removes it from the set, so only the deliveries of other tenants are skipped.
 * @param sinceMs milliseconds since 1970; both `sinceMs` and `untilMs` are inclusive
 */
export async function* deadDeliveries(
  context: StoreContext,
  tenant: string,
  { sinceMs, untilMs }: { sinceMs: number; untilMs: number },
): AsyncGenerator<string, void> {
  const { redis, keys } = context;
  let skipped = 0;
  for (;;) {
    const ids = await redis.zrangebyscore(
      keys.deadDeliveries,
      sinceMs,
      untilMs,
      'LIMIT',
      skipped,
      chunkSize,
    );
    for (const id of ids) {
      if (await findDelivery(context, id, tenant)) yield id;
      else skipped += 1;
    }
    if (ids.length < chunkSize) return;
  }
}
