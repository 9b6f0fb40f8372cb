import type { Redis } from 'ioredis';
import { z } from 'zod';
import { jobTypeSchema, type JobType } from '@promptq/shared/contracts';
import { readQueueState } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';

const countSchema = z.int().min(0);

/** How the queue of a type stands, of all tenants. */
export const queueSchema = z
  .object({
    object: z.literal('queue'),
    type: jobTypeSchema,
    paused: z.boolean().meta({
      description: 'Whether an operator paused the queue. A paused queue starts no jobs.',
    }),
    counts: z.object({
      queued: countSchema.meta({ description: 'Waiting for a worker.' }),
      delayed: countSchema.meta({
        description: 'Waiting for their time, or for their next attempt.',
      }),
      in_progress: countSchema,
    }),
    oldest_queued_ms: z
      .number()
      .min(0)
      .meta({ description: 'The age of the oldest waiting job; 0 if there is none.' }),
    upstream_pause_ms: z
      .number()
      .min(0)
      .meta({ description: 'The remaining pause after a rate limit or an open circuit.' }),
  })
  .meta({ id: 'Queue' });
export type PublicQueue = z.infer<typeof queueSchema>;

/** The queue as it is now. @throws {Problem} `redis_unavailable` */
export async function readQueue(
  redis: Redis,
  keys: RedisKeys,
  type: JobType,
): Promise<PublicQueue> {
  const state = await fromRedis(readQueueState(redis, keys, type, Date.now()));
  const { waiting, prioritized, delayed, active } = state.jobs;
  return {
    object: 'queue',
    type,
    paused: state.isPaused,
    counts: { queued: waiting + prioritized, delayed, in_progress: active },
    oldest_queued_ms: state.oldestWaitingMs,
    upstream_pause_ms: state.poolPauseMs,
  };
}
