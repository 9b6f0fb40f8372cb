import type { JobType } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { batchScore } from '../fairness/priorities.ts';
import { queueNameFor, queueNameOf, type QueueKind } from './registry.ts';

/** Counts the jobs that wait for a worker, without those of batches, and the jobs that run. It takes one round trip. */
export async function countWaiting(
  { redis, keys }: StoreContext,
  type: JobType,
): Promise<{ waiting: number; active: number }> {
  const queue = queueNameOf(type);
  const [moved, waiting, active] = await Promise.all([
    redis.llen(keys.queueKey(queue, 'wait')),
    redis.zcount(keys.queueKey(queue, 'prioritized'), '-inf', `(${batchScore}`),
    redis.llen(keys.queueKey(queue, 'active')),
  ]);
  return { waiting: moved + waiting, active };
}

/** Whether jobs are waiting that a worker could start: the queue has waiting jobs, and no operator has paused it. */
export async function hasWaitingJobs(
  { redis, keys }: StoreContext,
  kind: QueueKind,
): Promise<boolean> {
  const queue = queueNameFor(kind);
  const [isPaused, moved, waiting] = await Promise.all([
    redis.hexists(keys.queueKey(queue, 'meta'), 'paused'),
    redis.llen(keys.queueKey(queue, 'wait')),
    redis.zcard(keys.queueKey(queue, 'prioritized')),
  ]);
  return isPaused === 0 && moved + waiting > 0;
}
