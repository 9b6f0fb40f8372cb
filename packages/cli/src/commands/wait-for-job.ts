import { isTerminal, type Job } from '@promptq/client';
import type { Context } from '../context/context.ts';
import { Interrupted } from '../context/errors.ts';

/** Waits until a job has finished. If the user interrupts the wait, a message says how to resume it. */
export async function waitForJob(
  job: Job | string,
  timeoutMs: number | undefined,
  { client, signal, log }: Context,
): Promise<Job> {
  if (typeof job !== 'string' && isTerminal(job.status)) return job;
  try {
    return await client.wait(job, { signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  } catch (error) {
    const id = typeof job === 'string' ? job : job.id;
    if (error instanceof Interrupted) await log(jobContinues(id, 'wait'));
    throw error;
  }
}

/** The message after Ctrl-C: the job continues, and how to resume the command or cancel the job. */
export function jobContinues(id: string, command: 'wait' | 'watch'): string {
  return `\nThe job continues. To resume: promptq ${command} ${id}. To cancel it: promptq cancel ${id}`;
}
