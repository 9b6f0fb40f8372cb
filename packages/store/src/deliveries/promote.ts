import type { Queue } from 'bullmq';
import type { DeliveryData } from '@promptq/shared/webhooks';
import { ignoreAlreadyMoved } from '../queues/ignore-moved.ts';

/** Ends the delay of a delivery that waits for its next try. Another one stays as it is. */
export async function promoteDelivery(
  deliveries: Pick<Queue<DeliveryData>, 'getJob'>,
  deliveryId: string,
): Promise<void> {
  const job = await deliveries.getJob(deliveryId);
  if (job) await ignoreAlreadyMoved(job.promote());
}
