import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { deliveryIdOf, maxTries, webhooksQueue, type DeliveryData } from './delivery.ts';

/** Opens the queue of deliveries. It is usable when the connection is. */
export function openDeliveries(redis: Redis, prefix: string): Queue<DeliveryData> {
  const queue = new Queue<DeliveryData>(webhooksQueue, { connection: redis, prefix });
  // The connection tells of its own faults; without a listener BullMQ would print each of them again.
  queue.on('error', () => undefined);
  return queue;
}

/**
 * Queues deliveries. Idempotent for as long as a delivery is kept: one whose id exists is left as it is.
 * https://docs.bullmq.io/guide/jobs/job-ids
 * @param traceOf the trace of the job that a delivery is about, as BullMQ keeps it
 */
export async function queueDeliveries(
  queue: Pick<Queue<DeliveryData>, 'addBulk'>,
  deliveries: DeliveryData[],
  traceOf: (delivery: DeliveryData) => string | undefined = () => undefined,
): Promise<void> {
  if (deliveries.length === 0) return;
  await queue.addBulk(
    deliveries.map((data) => {
      const trace = traceOf(data);
      return {
        name: data.event_type,
        data,
        opts: {
          jobId: deliveryIdOf(data.job_id),
          attempts: maxTries,
          backoff: { type: 'webhook' },
          ...(trace === undefined ? {} : { telemetry: { metadata: trace } }),
        },
      };
    }),
  );
}
