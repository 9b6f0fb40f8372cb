import { z } from 'zod';
import { failureCodeSchema } from './codes.ts';

/** The upstream's answer without its text, which can quote prompts and keys. */
export const upstreamAnswerSchema = z.object({
  status: z.int().nullable(),
  code: z.string().nullable(),
  request_id: z.string().nullable(),
});

/** How an attempt, or one of its calls, failed. It is stored as JSON in BullMQ's `failedReason`. */
export const failureSchema = z.object({
  code: failureCodeSchema,
  upstream: upstreamAnswerSchema.nullable(),
  /** The attempt ended before its processor ran. BullMQ counts it as an attempt; promptq does not. */
  neverStarted: z.boolean().optional(),
});

export type UpstreamAnswer = z.infer<typeof upstreamAnswerSchema>;
export type Failure = z.infer<typeof failureSchema>;

/**
 * Reads the failure from BullMQ's `failedReason`. The worker writes only JSON there. Any other text comes from BullMQ
 * itself; then the job was lost by its workers if it has stalled.
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
    return undefined; // Text that is not JSON comes from BullMQ; see readFailure.
  }
}
