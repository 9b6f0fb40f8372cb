import type { JobType } from '@promptq/shared/contracts';
import type { Store } from '@promptq/store';
import type { PauseReason, PoolPause } from './pause.ts';

const policy = {
  firstMs: 5_000,
  maxMs: 5 * 60 * 1_000,
  /** Refusals that are further apart do not belong together. */
  streakWindowMs: 10 * 60 * 1_000,
};

/**
 * The pause of all workers of a type.
 * @param onBegin called when a pause begins, not when a pause that is on is asked for again
 */
export function poolPause(
  { queues }: Pick<Store, 'queues'>,
  type: JobType,
  onBegin: (reason: PauseReason) => void = () => undefined,
): PoolPause {
  // Only a process that has paused the pool resets its streak; the streak of a process that died expires.
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
