import { queueOf } from './side.ts';
import type { Stack } from './stack.ts';
import type { Bed } from './bed.ts';

const submitters = 50;

/**
 * Has jobs wait while the queue is paused, then lets the workers at them.
 * @param steps.queuing adds more jobs behind those and says how many, `queued` is called while all jobs wait, `finished` when all are over
 * @returns jobs a second, from the moment the workers may begin
 */
export async function runPaused(
  bed: Bed,
  stack: Stack,
  jobs: number,
  steps: {
    queuing?: () => Promise<number>;
    queued?: () => Promise<void>;
    finished?: () => Promise<void>;
  } = {},
): Promise<number> {
  const queue = queueOf(stack.side, bed.redis);
  try {
    await queue.pause();
    await stack.submit({ jobs, submitters });
    const more = (await steps.queuing?.()) ?? 0;
    await steps.queued?.();
    const startedAt = performance.now();
    await queue.resume();
    await stack.untilFinished(jobs + more);
    const seconds = (performance.now() - startedAt) / 1_000;
    await steps.finished?.();
    await stack.clear();
    return (jobs + more) / seconds;
  } finally {
    await queue.close();
  }
}
