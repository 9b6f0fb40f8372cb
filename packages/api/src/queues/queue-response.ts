import { z } from 'zod';
import { jobTypeSchema, type JobType } from '@promptq/shared/contracts';
import type { Store } from '@promptq/store';

const countSchema = z.int().min(0);

/** The state of the queue of a type, with the jobs of all tenants. */
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
        description: 'Waiting for the end of their delay or for their next attempt.',
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

/** Reads the current state of a queue. */
export async function readQueue(store: Pick<Store, 'queues'>, type: JobType): Promise<PublicQueue> {
  const state = await store.queues.readState(type);
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
