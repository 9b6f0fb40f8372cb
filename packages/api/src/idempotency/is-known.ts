import type { Redis } from 'ioredis';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';

/** Whether something was submitted with this key before, so that it will be a replay. */
export async function isKnown(
  { redis, keys }: { redis: Redis; keys: RedisKeys },
  scope: string,
): Promise<boolean> {
  return (await fromRedis(redis.exists(keys.keyed(scope)))) === 1;
}
