import type { JobType } from '@promptq/shared/contracts';
import type { Store } from '@promptq/store';
import type { PauseReason, PoolPause } from './pause.ts';

const policy = {
  firstMs: 5_000,
  maxMs: 5 * 60 * 1_000,
  /** A streak of rate limits ends after this time without one. */
  streakWindowMs: 10 * 60 * 1_000,
};

/**
 * The pause of all workers of a type.
 * @param onBegin called when a pause begins, not when a current pause is extended
 */
export function poolPause(
  { queues }: Pick<Store, 'queues'>,
  type: JobType,
  onBegin: (reason: PauseReason) => void = () => undefined,
): PoolPause {
  // Only a process that has paused the pool resets the streak. If that process dies, the streak expires.
  let hasPaused = false;
  return {
    pause: async (askedMs, reason = 'rate_limited') => {
      hasPaused = true;
      const { pauseMs, isNew } = await queues.pausePool(type, { askedMs, ...policy });
      if (isNew) onBegin(reason);
      return pauseMs;
    },
    isOn: () => queues.isPoolPaused(type),
    succeeded: async () => {
      if (!hasPaused) return;
      hasPaused = false;
      await queues.resetPoolPause(type);
    },
  };
}
