import { isTerminal, type Job } from '@promptq/client';
import type { Context } from '../context.ts';
import { Interrupted } from '../interrupted.ts';

/** Waits for the end of a job; whoever interrupts that is told that the job goes on. */
export async function waitForEnd(
  job: Job | string,
  timeoutMs: number | undefined,
  { client, signal, say }: Context,
): Promise<Job> {
  if (typeof job !== 'string' && isTerminal(job.status)) return job;
  try {
    return await client.wait(job, { signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  } catch (error) {
    const id = typeof job === 'string' ? job : job.id;
    if (error instanceof Interrupted)
      await say(`\nThe job goes on. Back to it: promptq wait ${id}; end it: promptq cancel ${id}`);
    throw error;
  }
}
