import { z } from 'zod';
import {
  analysisListSchema,
  analysisRequestSchema,
  chatOutputSchema,
  chatRequestSchema,
  progressSchema,
  textAnalysisSchema,
  usageSchema,
  type JobType,
} from '../contracts/index.ts';
import { readFailure, type Failure } from '../failure/index.ts';

const kept = {
  user_id: z.string(),
  metadata: z.record(z.string(), z.string()),
  /** Seconds that one attempt may take. */
  timeout_seconds: z.number(),
};
const withModel = { model: z.string() };

export const chatDataSchema = z.object({ input: chatRequestSchema.safeExtend(withModel), ...kept });
export const analysisDataSchema = z.object({
  input: analysisRequestSchema.safeExtend(withModel),
  ...kept,
});

export type ChatData = z.infer<typeof chatDataSchema>;
export type AnalysisData = z.infer<typeof analysisDataSchema>;
/** What BullMQ keeps as the `data` of a job. */
export type JobData = ChatData | AnalysisData;

/** What a processor returns and BullMQ keeps as the job's return value. */
export const jobResultSchema = z.object({
  output: z.union([chatOutputSchema, analysisListSchema, textAnalysisSchema]),
  usage: usageSchema,
});
export type JobResult = z.infer<typeof jobResultSchema>;

/** Where the job is in BullMQ, as far as the public status depends on it. */
export type QueueState =
  | { at: 'waiting' }
  | { at: 'delayed'; untilMs: number }
  | { at: 'active' }
  | { at: 'completed'; result: JobResult; finishedAtMs: number }
  | { at: 'failed'; failure: Failure; finishedAtMs: number };

/** A job as BullMQ holds it, parsed. Moments are milliseconds since 1970. */
export interface JobRecord {
  id: string;
  type: JobType;
  data: JobData;
  state: QueueState;
  maxAttempts: number;
  /** Attempts that have ended. */
  attemptsMade: number;
  createdAtMs: number;
  /** Start of the last attempt. */
  startedAtMs: number | null;
  progress: z.infer<typeof progressSchema> | null;
  /** The name of the worker process that ran the last attempt. */
  worker: string | null;
}

const wholeNumber = z.coerce.number().int();

/** The fields of BullMQ's job hash that promptq reads (BullMQ 6: `atm` attempts made, `stc` stalled, `pb` processed by). */
const jobHashSchema = z.object({
  data: z.string(),
  opts: z.string(),
  timestamp: wholeNumber,
  processedOn: wholeNumber.optional(),
  finishedOn: wholeNumber.optional(),
  atm: wholeNumber.default(0),
  stc: wholeNumber.default(0),
  pb: z.string().optional(),
  progress: z.string().optional(),
  returnvalue: z.string().optional(),
  failedReason: z.string().optional(),
});

export const jobHashFields = Object.keys(jobHashSchema.shape);

const jobOptionsSchema = z.object({ attempts: z.int().min(1).default(1) });

/**
 * Parses a job hash of BullMQ.
 * @param unfinished where the job is when its hash does not say that it is finished
 * @throws {z.ZodError} when the hash was not written by promptq
 */
export function readJobHash(
  id: string,
  type: JobType,
  fields: Record<string, string>,
  unfinished: Extract<QueueState, { at: 'waiting' | 'delayed' | 'active' }>,
): JobRecord {
  const hash = jobHashSchema.parse(fields);
  const schema = type === 'chat' ? chatDataSchema : analysisDataSchema;
  const progress = progressSchema.safeParse(hash.progress && JSON.parse(hash.progress));
  return {
    id,
    type,
    data: schema.parse(JSON.parse(hash.data)),
    state: finishedState(hash) ?? unfinished,
    maxAttempts: jobOptionsSchema.parse(JSON.parse(hash.opts)).attempts,
    attemptsMade: hash.atm,
    createdAtMs: hash.timestamp,
    startedAtMs: hash.processedOn ?? null,
    progress: progress.data ?? null,
    worker: hash.pb ?? null,
  };
}

function finishedState(hash: z.infer<typeof jobHashSchema>): QueueState | null {
  if (hash.finishedOn === undefined) return null;
  const finishedAtMs = hash.finishedOn;
  // A job that failed an attempt and then completed has both fields: the return value decides.
  if (hash.returnvalue !== undefined) {
    const result = jobResultSchema.parse(JSON.parse(hash.returnvalue));
    return { at: 'completed', result, finishedAtMs };
  }
  return { at: 'failed', failure: readFailure(hash.failedReason ?? '', hash.stc), finishedAtMs };
}
