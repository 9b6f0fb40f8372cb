import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import { scorePerPriority, minBatchPriority } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';

/** The scores of jobs that were submitted alone lie below. */
const endOfSingleJobs = `(${minBatchPriority * scorePerPriority}`;

/** How many jobs of this type that were submitted alone, not in a batch, wait for a worker. */
export async function countSingleJobs(
  redis: Redis,
  keys: RedisKeys,
  type: JobType,
): Promise<number> {
  const [first, others] = await Promise.all([
    redis.llen(keys.ofQueue(type, 'wait')),
    redis.zcount(keys.prioritized(type), '-inf', endOfSingleJobs),
  ]);
  return first + others;
}
