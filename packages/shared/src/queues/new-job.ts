import { Job, type JobsOptions, type Queue } from 'bullmq';
import { defaultTenant, type JobType, type Priority } from '../contracts/index.ts';
import { toStored, type JobData } from '../jobs/index.ts';
import { backoff } from './open-queue.ts';

/** A job that is to be added. */
export interface NewJob {
  id: string;
  type: JobType;
  data: JobData;
  maxAttempts: number;
  delayMs: number;
  /** BullMQ's: 0 goes first, then the lowest number, and each class is first in, first out. */
  priority: number;
}

/**
 * The largest priority that BullMQ takes, and the smallest of a job of a batch: those wait until no job that was
 * submitted alone does, whatever place fair-tags.ts of the API gives to that one.
 * https://docs.bullmq.io/guide/jobs/prioritized
 */
export const maxPriority = 2 ** 21;
export const minBatchPriority = maxPriority - 16;

const classes: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/** The place of a job that was submitted alone, when there is one tenant. */
export function priorityOfSingle(priority: Priority): number {
  return classes[priority];
}

/** The place of a job of a batch. */
export function priorityInBatch(priority: Priority): number {
  return minBatchPriority + classes[priority];
}

/** What BullMQ is told of the job besides its data. It keeps the tenant as well, for `readJob`. */
export function bullOptions({ id, data, maxAttempts, delayMs, priority }: NewJob): JobsOptions {
  return {
    jobId: id,
    attempts: maxAttempts,
    backoff,
    ...(delayMs > 0 ? { delay: delayMs } : {}),
    ...(priority > 0 ? { priority } : {}),
    ...(data.tenant === defaultTenant ? {} : { tenant: data.tenant }),
  };
}

/**
 * The job as BullMQ adds it in a transaction.
 * @param trace that it is submitted in, as BullMQ keeps it
 */
export function bullJob(queue: Queue<JobData>, job: NewJob, trace?: string): Job<JobData> {
  const options = bullOptions(job);
  if (trace !== undefined) options.telemetry = { metadata: trace };
  return new Job<JobData>(queue, job.type, toStored(job.data), options, job.id);
}
