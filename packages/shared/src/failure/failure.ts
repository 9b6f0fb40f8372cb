import { z } from 'zod';
import { failureCodeSchema } from './codes.ts';

/** The upstream's answer without its text, which can quote prompts and keys. */
export const upstreamAnswerSchema = z.object({
  status: z.int().nullable(),
  code: z.string().nullable(),
  request_id: z.string().nullable(),
});

/** How an attempt, or one call of it, failed. It travels as JSON in BullMQ's `failedReason`. */
export const failureSchema = z.object({
  code: failureCodeSchema,
  upstream: upstreamAnswerSchema.nullable(),
  /** The attempt ended before its processor ran. BullMQ counts it, promptq does not. */
  neverStarted: z.boolean().optional(),
});

export type UpstreamAnswer = z.infer<typeof upstreamAnswerSchema>;
export type Failure = z.infer<typeof failureSchema>;

/**
 * Reads the failure out of BullMQ's `failedReason`. Our worker writes nothing but JSON there; any
 * other text was written by BullMQ itself, and a job that stalled on the way was lost by its workers.
 */
export function readFailure(failedReason: string, stalledCount: number): Failure {
  const parsed = failureSchema.safeParse(parseJson(failedReason));
  if (parsed.success) return parsed.data;
  return { code: stalledCount > 0 ? 'worker_lost' : 'internal_error', upstream: null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Text that is not JSON comes from BullMQ, see readFailure.
  }
}
