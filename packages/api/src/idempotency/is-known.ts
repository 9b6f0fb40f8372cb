import type { Redis } from 'ioredis';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';

/** Whether this key was used before, so that the submission is a replay. */
export async function isKnown(
  { redis, keys }: { redis: Redis; keys: RedisKeys },
  scope: string,
): Promise<boolean> {
  return (await fromRedis(redis.exists(keys.keyed(scope)))) === 1;
}
