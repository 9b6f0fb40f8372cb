import type { Queue } from 'bullmq';
import type { DeliveryData } from '@promptq/shared/webhooks';
import type { StoreContext } from '../context.ts';
import { ignoreAlreadyMoved } from '../queues/ignore-moved.ts';

/**
 * Tries a delivery again now, starting with its first try: a finished one, and one that waits for its next try. A delivery
 * that is being sent, or is about to be, stays as it is.
 */
export async function redeliver(
  { redis, keys }: StoreContext,
  deliveries: Pick<Queue<DeliveryData>, 'getJob'>,
  deliveryId: string,
): Promise<void> {
  const job = await deliveries.getJob(deliveryId);
  if (!job) return;
  if (job.finishedOn === undefined) {
    // BullMQ counts tries in the job's hash (`atm`): an operator who asks again uses up none of them.
    if (await job.isDelayed()) await redis.hset(keys.delivery(deliveryId), 'atm', 0);
    await ignoreAlreadyMoved(job.promote());
  } else {
    const reset = { resetAttemptsMade: true, resetAttemptsStarted: true };
    await ignoreAlreadyMoved(job.retry((await job.isFailed()) ? 'failed' : 'completed', reset));
  }
}
