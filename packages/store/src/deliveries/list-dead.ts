import type { StoreContext } from '../context.ts';
import { findDelivery } from './find-delivery.ts';

const chunkSize = 500;

/**
 * The ids of this tenant's deliveries that were given up in this time, oldest first: BullMQ's set of failed jobs, by the
 * moment at which they failed. The caller redelivers each before it takes the next: a redelivered one leaves the set, so
 * only those of other tenants are skipped.
 * @param sinceMs milliseconds since 1970, inclusive, as `untilMs`
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
