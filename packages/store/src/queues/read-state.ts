import { z } from 'zod';
import type { StoreContext } from '../context.ts';
import { batchScore, scorePerPriority } from '../fairness/priorities.ts';
import { defineScript } from '../scripts/script.ts';
import { pausedMark } from './pause-pool.ts';
import { queueNameFor, type QueueKind } from './registry.ts';
import { delayedScorePerMs } from './scores.ts';

const read = defineScript(import.meta.url, 'read-state');

/** How many priorities are checked for the oldest job, separately for single jobs and for batches. */
const maxClasses = 12;
/** How many jobs at the front of the list are checked. BullMQ moves jobs back there, whatever their age. */
const maxFromFront = 3;

const parts = [
  'wait',
  'prioritized',
  'delayed',
  'active',
  'completed',
  'failed',
  'meta',
  'limiter',
];
const count = z.number();
const moment = z.coerce.number();
const replySchema = z.tuple([
  count,
  count,
  count,
  count,
  count,
  count,
  count,
  z.number(),
  z.number(),
  z.array(z.tuple([moment, z.string(), moment])),
]);
const optionsSchema = z.object({ delay: z.number().default(0) });

/** The state of a queue at one moment. */
export interface QueueSnapshot {
  /** Jobs by BullMQ's state. `completed` and `failed` are those that are still kept. */
  jobs: Record<'waiting' | 'prioritized' | 'delayed' | 'active' | 'completed' | 'failed', number>;
  /**
   * How long the oldest of the jobs at the front of their class has been waiting, in milliseconds: since the end of its
   * delay, or since it was last started. 0 when no job waits.
   */
  oldestWaitingMs: number;
  /** Whether an operator has paused the queue. */
  isPaused: boolean;
  /** The remaining pause of the pool in milliseconds. */
  poolPauseMs: number;
}

/** Reads the state of a queue of any length in one round trip. */
export async function readQueueState(
  { redis, keys }: StoreContext,
  kind: QueueKind,
): Promise<QueueSnapshot> {
  const queue = queueNameFor(kind);
  const reply = await read(redis, {
    keys: parts.map((part) => keys.queueKey(queue, part)),
    control: {
      queue_root: keys.queueRoot(queue),
      delayed_per_ms: delayedScorePerMs,
      priority_step: scorePerPriority,
      batch_score: String(batchScore),
      classes: maxClasses,
      from_front: maxFromFront,
      paused_mark: pausedMark,
    },
  });
  const [waiting, prioritized, delayed, active, completed, failed, paused, pauseMs, nowMs, jobs] =
    replySchema.parse(reply);
  const ages = jobs.map(([addedAtMs, options, lastStartMs]) => {
    const { delay } = optionsSchema.parse(JSON.parse(options));
    return nowMs - Math.max(addedAtMs + delay, lastStartMs);
  });
  return {
    jobs: { waiting, prioritized, delayed, active, completed, failed },
    oldestWaitingMs: Math.max(0, ...ages),
    isPaused: paused === 1,
    poolPauseMs: Math.max(0, pauseMs),
  };
}
