import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { PublicDelivery } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { readDelivery, type DeliveryData } from '@promptq/shared/webhooks';
import { fromRedis } from '../http/from-redis.ts';
import { Problem } from '../http/problem.ts';

/** What a route about deliveries needs. */
export interface DeliveryRouteDeps {
  redis: Redis;
  keys: RedisKeys;
  deliveries: Pick<Queue<DeliveryData>, 'getJob'>;
}

/** The delivery with this id. @throws {Problem} `not_found`, `redis_unavailable` */
export async function findDelivery(
  { redis, keys }: Pick<DeliveryRouteDeps, 'redis' | 'keys'>,
  id: string,
  tenant: string,
): Promise<PublicDelivery> {
  const delivery = await fromRedis(readDelivery(redis, keys, id, tenant));
  if (!delivery)
    throw new Problem('not_found', 'There is no such delivery, or it is no longer kept.');
  return delivery;
}
