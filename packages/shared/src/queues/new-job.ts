import { Job, type JobsOptions, type Queue } from 'bullmq';
import type { JobType, Priority } from '../contracts/index.ts';
import { toStored, type JobData } from './job-record.ts';
import { backoff } from './open-queue.ts';

/** A job that is to be added. */
export interface NewJob {
  id: string;
  type: JobType;
  data: JobData;
  maxAttempts: number;
  delayMs: number;
  /** Jobs of a batch wait until no job that was submitted alone does. */
  isOfBatch: boolean;
}

/**
 * BullMQ takes jobs of priority 0 first, then the lowest number. Each class is first in, first out.
 * https://docs.bullmq.io/guide/jobs/prioritized
 */
const bullPriority: Record<Priority, number> = { high: 0, normal: 1, low: 2 };
/** The classes of jobs that were submitted alone. */
export const prioritiesOfSingleJobs = Object.values(bullPriority);

/** What BullMQ is told of the job besides its data. */
export function bullOptions({ id, data, maxAttempts, delayMs, isOfBatch }: NewJob): JobsOptions {
  const priority = bullPriority[data.priority] + (isOfBatch ? prioritiesOfSingleJobs.length : 0);
  return {
    jobId: id,
    attempts: maxAttempts,
    backoff,
    ...(delayMs > 0 ? { delay: delayMs } : {}),
    ...(priority > 0 ? { priority } : {}),
  };
}

/** The job as BullMQ adds it in a transaction. */
export function bullJob(queue: Queue<JobData>, job: NewJob): Job<JobData> {
  return new Job<JobData>(queue, job.type, toStored(job.data), bullOptions(job), job.id);
}
