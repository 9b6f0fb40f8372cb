import type { Queue } from 'bullmq';
import { webhooksQueue, type DeliveryData } from '@promptq/shared/webhooks';
import type { StoreContext } from '../context.ts';
import { openQueue } from '../queues/open-queue.ts';

/**
 * Opens the BullMQ queue of deliveries, which has one job for each webhook event. enqueue-delivery.lua adds the jobs.
 * The queue is usable when the connection is.
 */
export function openDeliveries(
  context: Pick<StoreContext, 'redis' | 'prefix'>,
): Queue<DeliveryData> {
  return openQueue<DeliveryData>(context, webhooksQueue);
}
