import type { JobType } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { queueNameOf } from './registry.ts';

const pause = defineScript(import.meta.url, 'pause-pool');

/** What BullMQ's limiter holds while a pool is paused; while it is not, BullMQ counts fetches there. */
export const pausedMark = String(Number.MAX_SAFE_INTEGER);

/** How long a pause is. All times are in milliseconds. */
export interface PoolPauseRequest {
  /** What the upstream asked for, or `null`: then the pause doubles with each refusal in a row. */
  askedMs: number | null;
  firstMs: number;
  maxMs: number;
  /** Refusals that are further apart do not belong together. */
  streakWindowMs: number;
}

export interface PoolPaused {
  /** For how many milliseconds the pool is paused now. */
  pauseMs: number;
  /** Whether this call began the pause. */
  isNew: boolean;
}

/** Stops all workers of a type, in all processes, from fetching jobs. A pause that is on is never shortened. */
export async function pausePool(
  { redis, keys }: StoreContext,
  type: JobType,
  { askedMs, firstMs, maxMs, streakWindowMs }: PoolPauseRequest,
): Promise<PoolPaused> {
  const queue = queueNameOf(type);
  const [pauseMs, isNew] = (await pause(redis, {
    keys: [keys.queueKey(queue, 'limiter'), keys.rateLimitStreak(queue)],
    control: {
      asked: askedMs ?? -1,
      first: firstMs,
      max: maxMs,
      streak: streakWindowMs,
      paused_mark: pausedMark,
    },
  })) as [number, number];
  return { pauseMs, isNew: isNew === 1 };
}

export async function isPoolPaused({ redis, keys }: StoreContext, type: JobType): Promise<boolean> {
  return (await redis.get(keys.queueKey(queueNameOf(type), 'limiter'))) === pausedMark;
}

/** An attempt has succeeded: the next pause is the first one again. */
export async function resetPoolPause({ redis, keys }: StoreContext, type: JobType): Promise<void> {
  await redis.del(keys.rateLimitStreak(queueNameOf(type)));
}
