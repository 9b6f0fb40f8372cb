import type { Queue } from 'bullmq';
import { ignoreAlreadyMoved } from '../queues/ignore-moved.ts';

/** Sends a delayed delivery now. A delivery that is not delayed does not change. */
export async function promoteDelivery(deliveries: Queue, deliveryId: string): Promise<void> {
  await ignoreAlreadyMoved(deliveries.getBackend().promote(deliveryId));
}
