import type { Redis } from 'ioredis';
import { z } from 'zod';
import { usageSchema } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import { failureSchema } from '@promptq/shared/failure';

/** A call that is not repeated: it was answered, or it would fail again. */
const checkpointSchema = z.union([
  z.object({ answer: z.string(), usage: usageSchema }),
  z.object({ failure: failureSchema }),
]);
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** The finished calls of a job, stored until the job finishes, so that no attempt pays for them again. */
export interface Checkpoints {
  read(): Promise<Map<string, Checkpoint>>;
  /** One small write per call. An error is only logged. */
  keep(step: string, checkpoint: Checkpoint): Promise<void>;
}

/** @param ttlSeconds a job that never settles leaves nothing behind for ever */
export function openCheckpoints(
  redis: Redis,
  key: string,
  ttlSeconds: number,
  log: Logger,
): Checkpoints {
  return {
    read: async () => {
      const fields = Object.entries(await redis.hgetall(key));
      return new Map(
        fields.map(([step, json]) => [step, checkpointSchema.parse(JSON.parse(json))]),
      );
    },
    keep: async (step, checkpoint) => {
      try {
        const write = redis
          .multi()
          .hset(key, step, JSON.stringify(checkpoint))
          .expire(key, ttlSeconds);
        for (const [error] of (await write.exec()) ?? []) if (error) throw error;
      } catch (error) {
        // The answer is here all the same: a Redis that is full must not make it fail and be paid for again.
        logFault(log, error, 'could not store a checkpoint', { key });
      }
    },
  };
}
