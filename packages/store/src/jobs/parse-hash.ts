import { z } from 'zod';
import { progressSchema, type JobType } from '@promptq/shared/contracts';
import { readFailure } from '@promptq/shared/failure';
import {
  analysisDataSchema,
  chatDataSchema,
  createdAtOf,
  jobResultSchema,
  startBy,
  type JobRecord,
  type QueueState,
} from '@promptq/shared/jobs';

const wholeNumber = z.coerce.number().int();

/**
 * The fields of BullMQ's job hash that promptq reads (BullMQ 6: `atm` attempts made, `ats` started, `stc` stalled, `pb`
 * processed by).
 */
const jobHashSchema = z.object({
  data: z.string(),
  opts: z.string(),
  timestamp: wholeNumber,
  processedOn: wholeNumber.optional(),
  finishedOn: wholeNumber.optional(),
  atm: wholeNumber.default(0),
  ats: wholeNumber.default(0),
  stc: wholeNumber.default(0),
  pb: z.string().optional(),
  progress: z.string().optional(),
  returnvalue: z.string().optional(),
  failedReason: z.string().optional(),
});

const jobOptionsSchema = z.object({
  attempts: z.int().min(1).default(1),
  delay: z.number().min(0).default(0),
  tm: z.string().optional(),
});

/**
 * Parses a job hash of BullMQ.
 * @param unfinished the state of the job if its hash does not say that it is finished
 * @throws {z.ZodError} when the hash was not written by promptq
 */
export function parseJobHash(
  id: string,
  type: JobType,
  fields: Record<string, string>,
  unfinished: Extract<QueueState, { at: 'waiting' | 'delayed' | 'active' }>,
): JobRecord {
  const hash = jobHashSchema.parse(fields);
  const schema = type === 'chat' ? chatDataSchema : analysisDataSchema;
  const data = schema.parse(JSON.parse(hash.data));
  const options = jobOptionsSchema.parse(JSON.parse(hash.opts));
  const progress = progressSchema.safeParse(hash.progress && JSON.parse(hash.progress));
  return {
    id,
    type,
    data,
    state: finishedState(hash) ?? unfinished,
    maxAttempts: options.attempts,
    attemptsMade: hash.atm,
    attemptsStarted: hash.ats,
    createdAtMs: createdAtOf(id) ?? hash.timestamp,
    startByMs: startBy(hash.timestamp, options.delay, data.start_within_seconds),
    startedAtMs: hash.processedOn ?? null,
    progress: progress.data ?? null,
    worker: hash.pb ?? null,
    trace: options.tm,
  };
}

function finishedState(hash: z.infer<typeof jobHashSchema>): QueueState | null {
  if (hash.finishedOn === undefined) return null;
  const finishedAtMs = hash.finishedOn;
  // A job that failed an attempt and then completed has both fields. The return value decides.
  if (hash.returnvalue !== undefined) {
    const result = jobResultSchema.parse(JSON.parse(hash.returnvalue));
    return { at: 'completed', result, finishedAtMs };
  }
  return { at: 'failed', failure: readFailure(hash.failedReason ?? '', hash.stc), finishedAtMs };
}
