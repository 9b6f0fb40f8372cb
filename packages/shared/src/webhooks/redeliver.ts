import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { ignoreAlreadyMoved } from '../queues/index.ts';
import type { RedisKeys } from '../redis/index.ts';
import type { DeliveryData } from './delivery.ts';

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  deliveries: Pick<Queue<DeliveryData>, 'getJob'>;
}

/**
 * Has a delivery tried again now, from its first try on: one that ended, and one that waits for its next try.
 * One that is being sent, or about to be, is left as it is.
 */
export async function redeliver(
  { redis, keys, deliveries }: Deps,
  deliveryId: string,
): Promise<void> {
  const job = await deliveries.getJob(deliveryId);
  if (!job) return;
  if (job.finishedOn === undefined) {
    // BullMQ counts tries in the job's hash (`atm`): an operator who asks again spends none of them.
    if (await job.isDelayed()) await redis.hset(keys.delivery(deliveryId), 'atm', 0);
    await ignoreAlreadyMoved(job.promote());
  } else {
    const again = { resetAttemptsMade: true, resetAttemptsStarted: true };
    await ignoreAlreadyMoved(job.retry((await job.isFailed()) ? 'failed' : 'completed', again));
  }
}
