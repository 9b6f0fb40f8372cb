import type { JobType } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { queueNameOf } from './registry.ts';

const pause = defineScript(import.meta.url, 'pause-pool');

/** The value of BullMQ's limiter key while a pool is paused. Otherwise BullMQ counts fetches there. */
export const pausedMark = String(Number.MAX_SAFE_INTEGER);

/** The length of a pause. All times are in milliseconds. */
export interface PoolPauseRequest {
  /** The pause that the upstream asked for. `null`: the pause doubles with each rate limit in a row. */
  askedMs: number | null;
  firstMs: number;
  maxMs: number;
  /** A streak of rate limits ends after this time without one. */
  streakWindowMs: number;
}

export interface PoolPaused {
  /** The remaining pause in milliseconds. */
  pauseMs: number;
  /** Whether this call began the pause. */
  isNew: boolean;
}

/** Stops all workers of a type, in all processes, from fetching jobs. A current pause is never shortened. */
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

/** Ends the streak after an attempt has succeeded: the next pause has its first length again. */
export async function resetPoolPause({ redis, keys }: StoreContext, type: JobType): Promise<void> {
  await redis.del(keys.rateLimitStreak(queueNameOf(type)));
}
