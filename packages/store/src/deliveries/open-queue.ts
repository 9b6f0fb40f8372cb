import type { Queue } from 'bullmq';
import { webhooksQueue, type DeliveryData } from '@promptq/shared/webhooks';
import type { StoreContext } from '../context.ts';
import { openQueue } from '../queues/open-queue.ts';

/**
 * Opens the BullMQ queue of deliveries: one job for each webhook event that is sent; enqueue-delivery.lua adds them. It is
 * usable when the connection is.
 */
export function openDeliveries(
  context: Pick<StoreContext, 'redis' | 'prefix'>,
): Queue<DeliveryData> {
  return openQueue<DeliveryData>(context, webhooksQueue);
}
