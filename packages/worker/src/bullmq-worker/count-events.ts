import type { Worker } from 'bullmq';
import type { JobType } from '@promptq/shared/contracts';
import { isLockLost } from './errors.ts';

export interface WorkerEventMetrics {
  /** The locks of running jobs expired. */
  locksLost(this: void, type: JobType, jobs: number): void;
  /** A result came too late: another worker has the job. */
  resultDiscarded(this: void, type: JobType): void;
  /** This worker found a job whose worker died. */
  stalled(this: void, type: JobType): void;
}

/** Counts the events of a BullMQ worker about lost locks, stalled jobs and discarded results. */
export function countWorkerEvents(
  worker: Pick<Worker, 'on'>,
  type: JobType,
  { locksLost, resultDiscarded, stalled }: WorkerEventMetrics,
): void {
  worker.on('lockRenewalFailed', (jobIds) => locksLost(type, jobIds.length));
  worker.on('stalled', () => stalled(type));
  worker.on('error', (error) => {
    // BullMQ emits this error only when it rejects the end of a job: the lock expired, and another worker may have the
    // job.
    if (isLockLost(error)) resultDiscarded(type);
  });
}
