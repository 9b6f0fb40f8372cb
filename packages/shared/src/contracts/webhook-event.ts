import { z } from 'zod';
import { jobSchema } from './job.ts';

/** The body of a webhook: one event for each job that has one, when it is terminal. */
export const webhookEventSchema = z
  .object({
    id: z.string().meta({ description: 'The `webhook-id`, the same in every try.' }),
    object: z.literal('event'),
    type: z.enum(['job.completed', 'job.failed', 'job.cancelled', 'job.expired']),
    created_at: z.int().meta({ description: 'Seconds since 1970, as in the OpenAI API.' }),
    data: z.object({
      id: z.string(),
      object: z.literal('job'),
      status: z.enum(['completed', 'failed', 'cancelled', 'expired']),
      metadata: jobSchema.shape.metadata,
      output: jobSchema.shape.output,
      output_included: z.boolean(),
    }),
  })
  .meta({ id: 'WebhookEvent' });
export type WebhookEvent = z.infer<typeof webhookEventSchema>;
