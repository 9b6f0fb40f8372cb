import { z } from 'zod';
import { jobTypeSchema, type JobType } from '../contracts/index.ts';
import { analysisDataSchema, chatDataSchema, toStored, type JobSpec } from '../jobs/index.ts';

const stagedSchema = z.object({
  type: jobTypeSchema,
  data: z.unknown(),
  attempts: z.int().min(1),
  delay: z.number().min(0).default(0),
});

/** As it stands in the list of the requests that wait. */
export function writeStaged({ type, data, maxAttempts, delaySeconds }: JobSpec): string {
  return JSON.stringify({
    type,
    data: toStored(data),
    attempts: maxAttempts,
    ...(delaySeconds > 0 ? { delay: delaySeconds } : {}),
  });
}

/** @throws {z.ZodError} when promptq did not write it */
export function readStaged(text: string): JobSpec {
  const { type, data, attempts, delay } = stagedSchema.parse(JSON.parse(text));
  const schema = type === 'chat' ? chatDataSchema : analysisDataSchema;
  return { type, data: schema.parse(data), maxAttempts: attempts, delaySeconds: delay };
}

const letterOf: Record<JobType, string> = { chat: 'c', analysis: 'a' };

/**
 * What stands in the place of a result until there is one: the type, because the job's id has it, and the name of
 * the request as JSON, which settlement puts into the result.
 */
export function pendingResult(type: JobType, customId: string): string {
  return `${letterOf[type]}${JSON.stringify(customId)}`;
}

/** The type of a request that has no result yet; `null` when this is a result. */
export function pendingType(text: string): JobType | null {
  if (text.startsWith(letterOf.chat)) return 'chat';
  return text.startsWith(letterOf.analysis) ? 'analysis' : null;
}
