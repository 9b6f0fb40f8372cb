import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { defaultTenant } from '../contracts/index.ts';

/** The BullMQ queue of deliveries: one job for each webhook being sent. */
export const webhooksQueue = 'webhooks';

/** Ten tries over about 75 hours. */
export const maxTries = 10;

/** As many tries are kept of one delivery, those of its replays included. */
export const maxTriesKept = 50;

/** What BullMQ keeps as the `data` of a delivery. */
export const deliveryDataSchema = z.object({
  url: z.string(),
  job_id: z.string(),
  tenant: z.string().default(defaultTenant),
  /** Whether the tenant had a secret of its own when the webhook was accepted: nothing else may sign it. */
  own_secret: z.boolean().default(false),
  event_id: z.string(),
  event_type: z.string(),
  /** What is sent, byte for byte the same in every try. */
  body: z.string(),
});
export type DeliveryData = z.infer<typeof deliveryDataSchema>;

/** A job, or a batch, ends once, so its delivery needs no other name. */
export function deliveryIdOf(jobId: string): string {
  return `dlv_${jobId}`;
}

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
