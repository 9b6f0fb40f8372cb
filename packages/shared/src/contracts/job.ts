import { z } from 'zod';
import { failureCodeSchema, upstreamAnswerSchema } from '../failure/index.ts';
import { analysisListSchema, analysisRequestSchema, textAnalysisSchema } from './analysis.ts';
import { chatOutputSchema, chatRequestSchema } from './chat.ts';

/** A time in the format of the contract: RFC 3339, UTC, with milliseconds. */
export const timeSchema = z.iso.datetime({ precision: 3 }).meta({ id: 'Time' });

/** @param epochMs milliseconds since 1970-01-01T00:00:00Z */
export function toTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export const jobTypeSchema = z.enum(['chat', 'analysis']).meta({ id: 'JobType' });
export type JobType = z.infer<typeof jobTypeSchema>;
export const jobTypes = jobTypeSchema.options;

/** The statuses of a job. None is added within v1. */
export const jobStatusSchema = z
  .enum(['queued', 'in_progress', 'completed', 'failed', 'cancelled', 'expired'])
  .meta({ id: 'JobStatus' });
export type JobStatus = z.infer<typeof jobStatusSchema>;

/** Whether a job with this status will never change again. */
export function isTerminal(status: JobStatus): boolean {
  return status !== 'queued' && status !== 'in_progress';
}

export const metadataSchema = z
  .record(z.string().max(64), z.string().max(512))
  .refine((metadata) => Object.keys(metadata).length <= 16, { error: 'At most 16 keys.' })
  .meta({ maxProperties: 16 });

export const prioritySchema = z.enum(['high', 'normal', 'low']);
export type Priority = z.infer<typeof prioritySchema>;

/** The default of `start_within_seconds`. Stored jobs leave the default out, so every reader must use this value. */
export const defaultStartWithinSeconds = 86_400;

/** The receiver of the event that a job ended. */
export const webhookSchema = z
  .strictObject({
    url: z.string().min(1).max(2_048),
    include_output: z.boolean().default(false).meta({
      description: 'Whether the event contains the output, if that is at most 256 KiB.',
    }),
  })
  .meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof webhookSchema>;

/** The owner of all jobs while there are no API keys. */
export const defaultTenant = 'default';

const commonMembers = {
  user_id: z.string().min(1).max(256).default('anonymous'),
  metadata: metadataSchema.default({}),
  priority: prioritySchema.default('normal'),
  delay_seconds: z.int().min(0).max(604_800).default(0),
  start_within_seconds: z.int().min(1).max(2_592_000).default(defaultStartWithinSeconds).meta({
    description: 'A job that has not started within this time after its delay expires.',
  }),
  timeout_seconds: z
    .int()
    .min(1)
    .max(7_200)
    .optional()
    .meta({ description: 'The time limit of one attempt.' }),
  max_attempts: z.int().min(1).max(10).optional(),
  webhook: webhookSchema.optional(),
};

/** The body of `POST /v1/jobs`. */
export const submissionSchema = z
  .discriminatedUnion(
    'type',
    [
      z.strictObject({ type: z.literal('chat'), input: chatRequestSchema, ...commonMembers }),
      z.strictObject({
        type: z.literal('analysis'),
        input: analysisRequestSchema,
        ...commonMembers,
      }),
    ],
    { error: 'Must be "chat" or "analysis".' },
  )
  .meta({ id: 'Submission' });
export type Submission = z.infer<typeof submissionSchema>;
/** The body as a client sends it: members with a default may be left out. */
export type SubmissionRequest = z.input<typeof submissionSchema>;

export const usageSchema = z
  .object({
    input_tokens: z.int().min(0),
    output_tokens: z.int().min(0),
    total_tokens: z.int().min(0),
  })
  .meta({ id: 'Usage' });
export type Usage = z.infer<typeof usageSchema>;

export const noUsage: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    total_tokens: a.total_tokens + b.total_tokens,
  };
}

export const jobErrorSchema = z
  .object({
    code: failureCodeSchema,
    message: z.string(),
    retryable: z.boolean(),
    attempts: z.int().min(0),
    upstream: upstreamAnswerSchema.nullable(),
  })
  .meta({ id: 'JobError' });
export type JobError = z.infer<typeof jobErrorSchema>;

export const progressSchema = z
  .object({ done: z.int().min(0), total: z.int().min(1) })
  .meta({ id: 'Progress', description: 'The calls to the upstream: finished, and in total.' });
export type Progress = z.infer<typeof progressSchema>;

/** The job as clients see it. */
export const jobSchema = z
  .object({
    id: z.string(),
    object: z.literal('job'),
    type: jobTypeSchema,
    status: jobStatusSchema,
    input: z
      .union([chatRequestSchema, analysisRequestSchema])
      .nullable()
      .meta({ description: 'Only with `?include=input`.' }),
    output: z.union([chatOutputSchema, textAnalysisSchema, analysisListSchema]).nullable(),
    error: jobErrorSchema.nullable(),
    usage: usageSchema,
    user_id: z.string(),
    priority: prioritySchema,
    metadata: z.record(z.string(), z.string()),
    attempt: z
      .int()
      .min(0)
      .meta({ description: 'The number of the current or last attempt; 0 before the first.' }),
    max_attempts: z.int().min(1),
    next_attempt_at: timeSchema.nullable(),
    progress: progressSchema,
    created_at: timeSchema,
    started_at: timeSchema.nullable().meta({ description: 'The start of the last attempt.' }),
    finished_at: timeSchema.nullable(),
    cancel_requested_at: timeSchema.nullable(),
    expires_at: timeSchema
      .nullable()
      .meta({ description: 'The finished job is kept until this time.' }),
    retry_of: z.string().nullable(),
    batch_id: z.string().nullable(),
    custom_id: z.string().nullable(),
    timings: z.object({
      queued_ms: z.int().min(0).nullable(),
      running_ms: z.int().min(0).nullable(),
    }),
    urls: z.object({ self: z.string(), cancel: z.string(), events: z.string() }),
  })
  .meta({ id: 'Job' });
export type PublicJob = z.infer<typeof jobSchema>;
