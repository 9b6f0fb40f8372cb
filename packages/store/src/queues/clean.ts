import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { webhooksQueue } from './registry.ts';

const clean = defineScript(import.meta.url, 'clean');

/** The most jobs that one call of the script removes. */
const jobBatchSize = 1_000;

/** Finished jobs that were removed. */
export interface Cleaned {
  /** The queue's name. */
  queue: string;
  state: 'completed' | 'failed';
  count: number;
}

/**
 * Removes the finished jobs and deliveries that are past their retention. BullMQ does this only when another job of the
 * queue finishes, so the last jobs of a quiet queue would stay, with their prompts.
 * @param deadDeliverySeconds how long a delivery that failed for good is kept; other deliveries are kept as long as
 *   jobs
 * @returns what was removed, without queues that had nothing to remove
 */
export async function cleanFinished(
  context: StoreContext,
  deadDeliverySeconds: number,
): Promise<Cleaned[]> {
  const { queues, resultTtlSeconds } = context;
  const cleaned: Cleaned[] = [];
  for (const queue of [...queues.names(), webhooksQueue]) {
    for (const state of ['completed', 'failed'] as const) {
      const isDead = queue === webhooksQueue && state === 'failed';
      const keepSeconds = isDead ? deadDeliverySeconds : resultTtlSeconds;
      const count = await cleanState(context, queue, state, keepSeconds);
      if (count > 0) cleaned.push({ queue, state, count });
    }
  }
  return cleaned;
}

async function cleanState(
  { redis, keys }: StoreContext,
  queue: string,
  state: Cleaned['state'],
  keepSeconds: number,
): Promise<number> {
  let count = 0;
  for (;;) {
    const removed = (await clean(redis, {
      keys: [state, 'events', 'repeat'].map((name) => keys.queueKey(queue, name)),
      control: {
        queue_root: keys.queueRoot(queue),
        state,
        keep: keepSeconds * 1_000,
        limit: jobBatchSize,
      },
    })) as number;
    count += removed;
    if (removed < jobBatchSize) return count;
  }
}
