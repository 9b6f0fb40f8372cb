import { z } from 'zod';
import {
  analysisListSchema,
  analysisRequestSchema,
  chatOutputSchema,
  chatRequestSchema,
  defaultStartWithinSeconds,
  defaultTenant,
  prioritySchema,
  textAnalysisSchema,
  usageSchema,
  webhookSchema,
  type ChatInput,
  type ChatMessage,
  type JobType,
  type Progress,
} from '../contracts/index.ts';
import type { Failure } from '../failure/index.ts';

/** Members with these values are not stored, because nearly every job in a long queue has them. */
const defaults = {
  user_id: 'anonymous',
  timeout_seconds: 600,
  start_within_seconds: defaultStartWithinSeconds,
  priority: 'normal',
  cancel_requested_at: null,
  retry_of: null,
  webhook: null,
  idempotency: null,
  custom_id: null,
  tenant: defaultTenant,
  counted: false,
  own_secret: false,
} as const;

const kept = {
  user_id: z.string().default(defaults.user_id),
  metadata: z.record(z.string(), z.string()).default({}),
  /** Seconds that one attempt may take. */
  timeout_seconds: z.number().default(defaults.timeout_seconds),
  /** Seconds after the delay within which the first attempt must start. */
  start_within_seconds: z.number().default(defaults.start_within_seconds),
  priority: prioritySchema.default(defaults.priority),
  /** When a client requested the cancellation of the job, in milliseconds since 1970. */
  cancel_requested_at: z.number().nullable().default(defaults.cancel_requested_at),
  retry_of: z.string().nullable().default(defaults.retry_of),
  webhook: webhookSchema.nullable().default(defaults.webhook),
  /** For a job with an Idempotency-Key: a digest of tenant and key, and a digest of the submission. */
  idempotency: z
    .object({ scope: z.string(), fingerprint: z.string() })
    .nullable()
    .default(defaults.idempotency),
  /** The name that a client gave this request of a batch. */
  custom_id: z.string().nullable().default(defaults.custom_id),
  /** The owner of the job. Other tenants do not see it. */
  tenant: z.string().default(defaults.tenant),
  /** Whether the job holds one of its tenant's slots until it ends, see `openJobs` in keys.ts. */
  counted: z.boolean().default(defaults.counted),
  /** Whether only the tenant's own secret may sign its webhook, see delivery.ts. */
  own_secret: z.boolean().default(defaults.own_secret),
};
const withModel = { model: z.string() };
const isObject = (value: unknown) => typeof value === 'object' && value !== null;

/**
 * Stored inputs were validated when they were submitted. They are parsed leniently, so that a process of the previous
 * version accepts a job with an additional member.
 */
export const chatDataSchema = z.object({
  input: z.object({
    ...chatRequestSchema.shape,
    messages: z.array(z.custom<ChatMessage>(isObject)).optional(),
    response_format: z.custom<ChatInput['response_format']>(isObject).optional(),
    ...withModel,
  }),
  ...kept,
});
export const analysisDataSchema = z.object({
  input: z.object({ ...analysisRequestSchema.shape, ...withModel }),
  ...kept,
});

export type ChatData = z.infer<typeof chatDataSchema>;
export type AnalysisData = z.infer<typeof analysisDataSchema>;
/** The content of a job without its id. BullMQ stores it as the `data` of the job, see `toStored`. */
export type JobData = ChatData | AnalysisData;

const defaultEntries = Object.entries(defaults);

/** The data as it is stored: without the members that have their default value. */
export function toStored(data: JobData): JobData {
  const stored: Record<string, unknown> = { ...data };
  for (const [name, value] of defaultEntries) if (stored[name] === value) delete stored[name];
  if (Object.keys(data.metadata).length === 0) delete stored['metadata'];
  stored['input'] = omitDefaults(data.input);
  return stored as JobData;
}

function omitDefaults(input: JobData['input']): JobData['input'] {
  if (!('temperature' in input) || input.temperature !== 0) return input;
  const { temperature: _, ...rest } = input;
  return rest as JobData['input']; // The default of the schema is 0.
}

/** What a processor returns. BullMQ stores it as the job's return value. */
export const jobResultSchema = z.object({
  output: z.union([chatOutputSchema, analysisListSchema, textAnalysisSchema]),
  usage: usageSchema,
});
export type JobResult = z.infer<typeof jobResultSchema>;

/** The state of the job in BullMQ, as far as the public status depends on it. */
export type QueueState =
  | { at: 'waiting' }
  | { at: 'delayed'; untilMs: number }
  | { at: 'active' }
  | { at: 'completed'; result: JobResult; finishedAtMs: number }
  | { at: 'failed'; failure: Failure; finishedAtMs: number };

/** A job as BullMQ stores it, parsed. Times are milliseconds since 1970. */
export interface JobRecord {
  id: string;
  type: JobType;
  data: JobData;
  state: QueueState;
  maxAttempts: number;
  /** Attempts that have ended. */
  attemptsMade: number;
  /** How often a worker has started the job, including starts that spent no attempt. It only increases. */
  attemptsStarted: number;
  /** The time in the id, by which lists are ordered. */
  createdAtMs: number;
  /** The deadline for the start of the first attempt. */
  startByMs: number;
  /** The start of the last attempt. */
  startedAtMs: number | null;
  progress: Progress | null;
  /** The name of the worker process that ran the last attempt. */
  worker: string | null;
  /** The trace of the submission in the form that BullMQ stores; present only when jobs are traced. */
  trace?: string | undefined;
}

/** The deadline for the start of the first attempt. @param delayMs the delay before the first attempt */
export function startBy(createdAtMs: number, delayMs: number, startWithinSeconds: number): number {
  return createdAtMs + delayMs + startWithinSeconds * 1_000;
}

/** Adds the default values to stored data. It does not validate the data: see `chatDataSchema`. */
export function withDefaults(stored: Partial<JobData>): JobData {
  const input = stored.input ?? {};
  const temperature = 'tasks' in input ? {} : { temperature: 0 };
  return { metadata: {}, ...defaults, ...stored, input: { ...temperature, ...input } } as JobData;
}
