import { z } from 'zod';
import { jobTypeSchema, type JobType } from '@promptq/shared/contracts';
import { analysisDataSchema, chatDataSchema, toStored, type JobSpec } from '@promptq/shared/jobs';

const stagedSchema = z.object({
  type: jobTypeSchema,
  data: z.unknown(),
  attempts: z.int().min(1),
  delay: z.number().min(0).default(0),
});

/** Serializes a request for the list of requests that are not jobs yet. */
export function serializeRequest({ type, data, maxAttempts, delaySeconds }: JobSpec): string {
  return JSON.stringify({
    type,
    data: toStored(data),
    attempts: maxAttempts,
    ...(delaySeconds > 0 ? { delay: delaySeconds } : {}),
  });
}

/** @throws {z.ZodError} when promptq did not write it */
export function parseRequest(text: string): JobSpec {
  const { type, data, attempts, delay } = stagedSchema.parse(JSON.parse(text));
  const schema = type === 'chat' ? chatDataSchema : analysisDataSchema;
  return { type, data: schema.parse(data), maxAttempts: attempts, delaySeconds: delay };
}

const letters: Record<JobType, string> = { chat: 'c', analysis: 'a' };

/** The job types, each with the first letter of its pending marks. */
export const pendingMarkLetters = Object.entries(letters) as [JobType, string][];

/**
 * The pending mark, which stands in for a result until there is one: a letter for the type, which is part of the job's
 * id, and the `custom_id` as JSON, which count-result.lua puts into the result.
 */
export function pendingMark(type: JobType, customId: string): string {
  return `${letters[type]}${JSON.stringify(customId)}`;
}

/** The type of a request, read from its pending mark; `null` when the text is a result. */
export function pendingType(text: string): JobType | null {
  if (text.startsWith(letters.chat)) return 'chat';
  return text.startsWith(letters.analysis) ? 'analysis' : null;
}
