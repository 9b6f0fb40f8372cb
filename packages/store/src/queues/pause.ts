import type { Queue } from 'bullmq';

/** While a queue is paused, jobs are accepted and no worker starts one; running jobs go on. Idempotent. */
export async function pauseQueue(queue: Pick<Queue, 'pause'>): Promise<void> {
  await queue.pause();
}

/** Ends a pause of `pauseQueue`. Idempotent. */
export async function resumeQueue(queue: Pick<Queue, 'resume'>): Promise<void> {
  await queue.resume();
}
