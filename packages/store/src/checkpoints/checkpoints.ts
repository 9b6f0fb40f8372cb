import { z } from 'zod';
import { usageSchema } from '@promptq/shared/contracts';
import { failureSchema } from '@promptq/shared/failure';
import { logFault } from '@promptq/shared/logging';
import type { StoreContext } from '../context.ts';

/** A call that is not repeated: it was answered, or the upstream would refuse it again. */
const checkpointSchema = z.union([
  z.object({ answer: z.string(), usage: usageSchema }),
  z.object({ failure: failureSchema }),
]);
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** The finished calls of a job by step. They are kept until the job finishes, so another attempt pays for none of them again. */
export async function readCheckpoints(
  { redis, keys }: StoreContext,
  jobId: string,
): Promise<Map<string, Checkpoint>> {
  const fields = Object.entries(await redis.hgetall(keys.checkpoints(jobId)));
  return new Map(fields.map(([step, json]) => [step, checkpointSchema.parse(JSON.parse(json))]));
}

/**
 * Keeps one finished call: one small write, never the whole job again. A failure to write is only logged: the answer is
 * there, and a Redis that is full must not make it fail and be paid for again.
 */
export async function keepCheckpoint(
  { redis, keys, log, resultTtlSeconds }: StoreContext,
  jobId: string,
  step: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const key = keys.checkpoints(jobId);
  try {
    // The expiry is for a job that never finishes.
    const write = redis
      .multi()
      .hset(key, step, JSON.stringify(checkpoint))
      .expire(key, resultTtlSeconds);
    for (const [error] of (await write.exec()) ?? []) if (error) throw error;
  } catch (error) {
    logFault(log, error, 'a checkpoint could not be kept for another attempt', { job_id: jobId });
  }
}
