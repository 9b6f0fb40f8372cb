import type { Queue } from 'bullmq';
import type { DeliveryData } from '@promptq/shared/webhooks';
import type { StoreContext } from '../context.ts';
import { ignoreAlreadyMoved } from '../queues/ignore-moved.ts';

/**
 * Restarts a delivery with its first try now. This applies to a finished delivery and to one that waits for its next
 * try. A delivery that is being sent, or is about to be, does not change.
 */
export async function redeliver(
  { redis, keys }: StoreContext,
  deliveries: Pick<Queue<DeliveryData>, 'getJob'>,
  deliveryId: string,
): Promise<void> {
  const job = await deliveries.getJob(deliveryId);
  if (!job) return;
  if (job.finishedOn === undefined) {
    // BullMQ counts tries in the job's hash (`atm`). A redelivery must not use one up.
    if (await job.isDelayed()) await redis.hset(keys.delivery(deliveryId), 'atm', 0);
    await ignoreAlreadyMoved(job.promote());
  } else {
    const reset = { resetAttemptsMade: true, resetAttemptsStarted: true };
    await ignoreAlreadyMoved(job.retry((await job.isFailed()) ? 'failed' : 'completed', reset));
  }
}
