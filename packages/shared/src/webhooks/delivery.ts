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
