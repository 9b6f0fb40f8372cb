import { z } from 'zod';
import { jobTypeSchema, type JobType } from '@promptq/shared/contracts';
import { analysisDataSchema, chatDataSchema, toStored, type JobSpec } from '@promptq/shared/jobs';

const stagedSchema = z.object({
  type: jobTypeSchema,
  data: z.unknown(),
  attempts: z.int().min(1),
  delay: z.number().min(0).default(0),
});

/** The entry of a request in the list of those that are not jobs yet: all that its job is made of. */
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

/** The types of jobs, and the letter that a pending mark of each begins with. */
export const pendingMarkLetters = Object.entries(letters) as [JobType, string][];

/**
 * The pending mark, which holds the place of a result until there is one: the type, because the job's id has it, and the
 * name of the request as JSON, which count-result.lua puts into the result.
 */
export function pendingMark(type: JobType, customId: string): string {
  return `${letters[type]}${JSON.stringify(customId)}`;
}

/** The type of a request that has no result yet; `null` when this is a result. */
export function pendingType(text: string): JobType | null {
  if (text.startsWith(letters.chat)) return 'chat';
  return text.startsWith(letters.analysis) ? 'analysis' : null;
}
