import { z } from 'zod';
import { timeSchema } from './job.ts';

/** Why a try got no answer. The set is closed, because the texts of network errors contain addresses. */
export const tryErrorSchema = z.enum([
  'timeout',
  'connect_timeout',
  'dns',
  'connection_refused',
  'connection_reset',
  'tls',
  'blocked_address',
  'invalid_answer',
  'network',
]);
export type TryError = z.infer<typeof tryErrorSchema>;

/** One try of a delivery. */
export const deliveryTrySchema = z
  .object({
    at: timeSchema,
    status: z
      .int()
      .nullable()
      .meta({ description: 'The HTTP status of the answer; null when there was no answer.' }),
    error: tryErrorSchema.nullable(),
    duration_ms: z.int().min(0),
    answer: z.string().nullable().meta({ description: 'The first 1 KiB of the answer, as text.' }),
  })
  .meta({ id: 'DeliveryTry' });
export type DeliveryTry = z.infer<typeof deliveryTrySchema>;

/** One webhook being sent, as clients see it. */
export const deliverySchema = z
  .object({
    id: z.string(),
    object: z.literal('delivery'),
    job_id: z.string(),
    event_id: z.string().meta({ description: 'The `webhook-id`, the same in every try.' }),
    event_type: z.string(),
    url: z.string(),
    status: z.enum(['pending', 'delivered', 'dead']),
    created_at: timeSchema,
    next_try_at: timeSchema.nullable(),
    finished_at: timeSchema.nullable(),
    tries: z.array(deliveryTrySchema).meta({ description: 'The last 50 tries, oldest first.' }),
  })
  .meta({ id: 'Delivery' });
export type PublicDelivery = z.infer<typeof deliverySchema>;
