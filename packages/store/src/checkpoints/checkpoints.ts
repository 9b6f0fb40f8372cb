import { z } from 'zod';
import { usageSchema } from '@promptq/shared/contracts';
import { failureSchema } from '@promptq/shared/failure';
import { logFault } from '@promptq/shared/logging';
import type { StoreContext } from '../context.ts';

/** A finished call of a job: it was answered, or it failed in a way that a repetition would not change. */
const checkpointSchema = z.union([
  z.object({ answer: z.string(), usage: usageSchema }),
  z.object({ failure: failureSchema }),
]);
export type Checkpoint = z.infer<typeof checkpointSchema>;

/**
 * The finished calls of a job by step. They are kept until the job finishes, so that another attempt does not repeat
 * them.
 */
export async function readCheckpoints(
  { redis, keys }: StoreContext,
  jobId: string,
): Promise<Map<string, Checkpoint>> {
  const fields = Object.entries(await redis.hgetall(keys.checkpoints(jobId)));
  return new Map(fields.map(([step, json]) => [step, checkpointSchema.parse(JSON.parse(json))]));
}

/**
 * Stores one finished call. A failed write is only logged: the answer has arrived, and a full Redis must not cause the
 * call to be made and paid for again.
 */
export async function keepCheckpoint(
  { redis, keys, log, resultTtlSeconds }: StoreContext,
  jobId: string,
  step: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const key = keys.checkpoints(jobId);
  try {
    // The key expires in case the job never finishes.
    const write = redis
      .multi()
      .hset(key, step, JSON.stringify(checkpoint))
      .expire(key, resultTtlSeconds);
    for (const [error] of (await write.exec()) ?? []) if (error) throw error;
  } catch (error) {
    logFault(log, error, 'could not store a checkpoint; another attempt would repeat this call', {
      job_id: jobId,
    });
  }
}
