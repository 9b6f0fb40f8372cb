import type { Stack } from './stack.ts';

const submitters = 50;

export interface DrainHooks {
  /** Adds more jobs after the first ones and returns their number. */
  addMore?: () => Promise<number>;
  /** Called when all jobs are waiting. */
  whenQueued?: () => Promise<void>;
  /** Called when all jobs are finished, before they are removed. */
  whenFinished?: () => Promise<void>;
}

/**
 * Fills the paused queue, then resumes it and waits until all jobs are finished.
 * @returns jobs per second, from the moment the queue is resumed
 */
export async function drainQueue(
  stack: Stack,
  jobs: number,
  hooks: DrainHooks = {},
): Promise<number> {
  await stack.pauseQueue();
  await stack.submit({ jobs, submitters });
  const total = jobs + ((await hooks.addMore?.()) ?? 0);
  await hooks.whenQueued?.();
  const startedAt = performance.now();
  await stack.resumeQueue();
  await stack.waitUntilFinished(total);
  const seconds = (performance.now() - startedAt) / 1_000;
  await hooks.whenFinished?.();
  await stack.clear();
  return total / seconds;
}
