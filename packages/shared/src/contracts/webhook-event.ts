import { z } from 'zod';
import { batchSchema } from './batch.ts';
import { jobSchema } from './job.ts';

const eventMembers = {
  id: z.string().meta({ description: 'The `webhook-id`, the same in every try.' }),
  object: z.literal('event'),
  created_at: z.int().meta({ description: 'Seconds since 1970, as in the OpenAI API.' }),
};

/** The end of a job. */
export const jobWebhookEventSchema = z
  .object({
    ...eventMembers,
    type: z.enum(['job.completed', 'job.failed', 'job.cancelled', 'job.expired']),
    data: z.object({
      id: z.string(),
      object: z.literal('job'),
      status: z.enum(['completed', 'failed', 'cancelled', 'expired']),
      metadata: jobSchema.shape.metadata,
      output: jobSchema.shape.output,
      output_included: z.boolean(),
    }),
  })
  .meta({ id: 'JobWebhookEvent' });

/** The end of a batch. */
export const batchWebhookEventSchema = z
  .object({
    ...eventMembers,
    type: z.enum(['batch.completed', 'batch.cancelled']),
    data: batchSchema
      .pick({ id: true, request_counts: true, metadata: true })
      .extend({ object: z.literal('batch'), status: z.enum(['completed', 'cancelled']) }),
  })
  .meta({ id: 'BatchWebhookEvent' });

/** The body of a webhook. promptq sends one event per job or batch with a webhook, when it has ended. */
export const webhookEventSchema = z
  .discriminatedUnion('type', [jobWebhookEventSchema, batchWebhookEventSchema])
  .meta({ id: 'WebhookEvent' });
export type WebhookEvent = z.infer<typeof webhookEventSchema>;
