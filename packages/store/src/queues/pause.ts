import type { Queue } from 'bullmq';

/** Pauses a queue: jobs are accepted, no worker starts one, and running jobs continue. Idempotent. */
export async function pauseQueue(queue: Pick<Queue, 'pause'>): Promise<void> {
  await queue.pause();
}

/** Ends a pause of `pauseQueue`. Idempotent. */
export async function resumeQueue(queue: Pick<Queue, 'resume'>): Promise<void> {
  await queue.resume();
}
