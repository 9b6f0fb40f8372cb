import type { Batch, Job } from '@promptq/client';
import type { Context } from '../context/context.ts';
import { exitCodes } from '../context/exit-codes.ts';
import { describeJob, describeOutcome, formatAnswer } from './describe-job.ts';
import { sanitizeFor } from '../context/output.ts';

/** Prints the current state of a job. Returns the exit code, which does not depend on the status. */
export async function printJob(job: Job, { out, json }: Context): Promise<number> {
  await out.write(`${json ? JSON.stringify(job) : sanitizeFor(out, describeJob(job))}\n`);
  return exitCodes.success;
}

/** Prints the id of a submitted job. Returns the exit code. */
export async function printJobId(job: Job, { out, json }: Context): Promise<number> {
  await out.write(`${json ? JSON.stringify(job) : job.id}\n`);
  return exitCodes.success;
}

/** Prints the answer of a finished job, or why it has none. Returns the exit code. */
export async function printAnswer(job: Job, { out, log, json }: Context): Promise<number> {
  const isCompleted = job.status === 'completed';
  if (json) await out.write(`${JSON.stringify(job)}\n`);
  else if (job.output) await out.write(`${sanitizeFor(out, formatAnswer(job))}\n`);
  if (!isCompleted && !json) await log(`promptq: ${describeOutcome(job)}`);
  return isCompleted ? exitCodes.success : exitCodes.notCompleted;
}

/** Prints the id and the status of a batch. Returns the exit code. */
export async function printBatch(batch: Batch, { out, json }: Context): Promise<number> {
  await out.write(`${json ? JSON.stringify(batch) : `${batch.id}  ${batch.status}`}\n`);
  return exitCodes.success;
}
