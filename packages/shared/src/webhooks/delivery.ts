import { z } from 'zod';
import { defaultTenant } from '../contracts/index.ts';

/** The BullMQ queue of deliveries. It has one job for each webhook. */
export const webhooksQueue = 'webhooks';

/** Ten tries over about 75 hours. */
export const maxTries = 10;

/** The most tries of one delivery that are kept, including those of redeliveries. */
export const maxTriesKept = 50;

/** The `data` of a delivery, as BullMQ stores it. */
export const deliveryDataSchema = z.object({
  url: z.string(),
  job_id: z.string(),
  tenant: z.string().default(defaultTenant),
  /** Whether the tenant had its own secret when the webhook was accepted. Then no other secret may sign it. */
  own_secret: z.boolean().default(false),
  event_id: z.string(),
  event_type: z.string(),
  /** The body that is sent, identical in every try. */
  body: z.string(),
});
export type DeliveryData = z.infer<typeof deliveryDataSchema>;

/** The id of the delivery of a job or batch. It is derived from their id, because they end once. */
export function deliveryIdOf(jobId: string): string {
  return `dlv_${jobId}`;
}
