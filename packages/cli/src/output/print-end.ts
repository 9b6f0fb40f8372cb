import type { Job } from '@promptq/client';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { answerOf, endOf } from './describe-job.ts';
import { shownOn } from './output.ts';

/** Prints the answer of a job that has ended, or says why there is none. Returns the exit code. */
export async function printEnd(job: Job, { out, say, json }: Context): Promise<number> {
  const isDone = job.status === 'completed';
  if (json) await out.write(`${JSON.stringify(job)}\n`);
  else if (job.output) await out.write(`${shownOn(out, answerOf(job))}\n`);
  if (!isDone && !json) await say(`promptq: ${endOf(job)}`);
  return isDone ? exitCodes.done : exitCodes.endedOtherwise;
}
