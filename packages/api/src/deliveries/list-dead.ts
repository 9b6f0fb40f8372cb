import { readDelivery } from '@promptq/shared/webhooks';
import { fromRedis } from '../problems/store-unavailable.ts';
import type { DeliveryRouteDeps } from './list-deliveries.ts';

const chunkSize = 500;

/**
 * The deliveries of this tenant that were given up in this time, oldest first: BullMQ's set of failed jobs, by when they
 * failed. What is sent again leaves the set, so only those of others have to be passed over.
 */
export async function* listDead(
  { redis, keys }: DeliveryRouteDeps,
  tenant: string,
  sinceMs: number,
  untilMs: number,
): AsyncGenerator<string> {
  const chunkAt = (passedOver: number) =>
    redis.zrangebyscore(keys.deadDeliveries, sinceMs, untilMs, 'LIMIT', passedOver, chunkSize);
  let passedOver = 0;
  for (;;) {
    const ids = await fromRedis(chunkAt(passedOver));
    for (const id of ids) {
      if (await fromRedis(readDelivery(redis, keys, id, tenant))) yield id;
      else passedOver += 1;
    }
    if (ids.length < chunkSize) return;
  }
}
