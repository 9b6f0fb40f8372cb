import type { Queue } from 'bullmq';
import { ignoreAlreadyMoved } from '../queues/ignore-moved.ts';

/** Sends a delayed delivery now. One that is not delayed (any more) stays as it is. */
export async function promoteDelivery(deliveries: Queue, deliveryId: string): Promise<void> {
  await ignoreAlreadyMoved(deliveries.getBackend().promote(deliveryId));
}
