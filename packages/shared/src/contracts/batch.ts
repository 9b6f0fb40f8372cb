import { z } from 'zod';
import {
  jobErrorSchema,
  jobSchema,
  jobStatusSchema,
  metadataSchema,
  submissionSchema,
  usageSchema,
  webhookSchema,
  timeSchema,
} from './job.ts';

/** Rejects control characters and invisible characters. */
const customIdSchema = z
  .string()
  .regex(/^[^\p{C}]{1,64}$/u, { error: 'Must be 1 to 64 printable characters.' })
  .meta({ description: 'Unique within the batch.' });

const [chatSubmission, analysisSubmission] = submissionSchema.options;

/** One request of a batch: a submission with a name. */
export const batchRequestSchema = z
  .discriminatedUnion(
    'type',
    [
      chatSubmission.extend({ custom_id: customIdSchema }),
      analysisSubmission.extend({ custom_id: customIdSchema }),
    ],
    { error: 'Must be "chat" or "analysis".' },
  )
  .meta({ id: 'BatchRequest' });

/** The most requests of a batch that is sent as one JSON document, and of one that is sent as JSON lines. */
export const maxInlineRequests = 1_000;
export const maxRequests = 50_000;

/** The receiver of the event that a batch ended. The event has the counts; the results are read from the API. */
export const batchWebhookSchema = webhookSchema.pick({ url: true }).meta({ id: 'BatchWebhook' });

const requestsError = `Must be a list of 1 to ${maxInlineRequests} requests; send more as application/jsonl.`;

/** The JSON body of `POST /v1/batches`. Its requests are validated separately, one by one. */
export const batchSubmissionSchema = z.strictObject({
  requests: z
    .array(z.unknown(), { error: requestsError })
    .min(1, { error: requestsError })
    .max(maxInlineRequests, { error: requestsError }),
  metadata: metadataSchema.default({}),
  webhook: batchWebhookSchema.optional(),
});

/** The statuses of a batch. None is added within v1. */
export const batchStatusSchema = z
  .enum(['in_progress', 'cancelling', 'completed', 'cancelled'])
  .meta({ id: 'BatchStatus' });

const countSchema = z.int().min(0);

/** The batch as clients see it. */
export const batchSchema = z
  .object({
    id: z.string(),
    object: z.literal('batch'),
    status: batchStatusSchema,
    request_counts: z.object({
      total: countSchema,
      queued: countSchema,
      in_progress: countSchema,
      completed: countSchema,
      failed: countSchema,
      cancelled: countSchema,
      expired: countSchema,
    }),
    metadata: z.record(z.string(), z.string()),
    created_at: timeSchema,
    finished_at: timeSchema.nullable(),
    expires_at: timeSchema
      .nullable()
      .meta({ description: 'The batch and its results are kept until this time.' }),
    cancel_requested_at: timeSchema.nullable(),
    urls: z.object({ self: z.string(), results: z.string(), cancel: z.string() }),
  })
  .meta({ id: 'Batch' });
export type PublicBatch = z.infer<typeof batchSchema>;

/** One line of the results. */
export const batchResultSchema = z
  .object({
    custom_id: z.string(),
    id: z.string().meta({ description: 'The id of the job.' }),
    status: jobStatusSchema.exclude(['queued', 'in_progress']),
    output: jobSchema.shape.output,
    error: jobErrorSchema.nullable(),
    usage: usageSchema,
  })
  .meta({ id: 'BatchResult' });
export type BatchResult = z.infer<typeof batchResultSchema>;
