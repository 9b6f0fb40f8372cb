import type { Worker } from 'bullmq';
import type { JobType } from '@promptq/shared/contracts';
import { isLockLost } from '../execution/is-lock-lost.ts';
import type { AttemptMetrics } from './attempt-metrics.ts';

type WorkerEventMetrics = Pick<AttemptMetrics, 'locksLost' | 'resultDiscarded' | 'stalled'>;

/** Counts what a worker of BullMQ tells of jobs that are not, or no longer, its own. */
export function countWorkerEvents(
  worker: Pick<Worker, 'on'>,
  type: JobType,
  { locksLost, resultDiscarded, stalled }: WorkerEventMetrics,
): void {
  worker.on('lockRenewalFailed', (jobIds) => locksLost(type, jobIds.length));
  worker.on('stalled', () => stalled(type));
  worker.on('error', (error) => {
    // Only the end of a job is refused with this: its lock has run out, and another worker may have the job.
    if (isLockLost(error)) resultDiscarded(type);
  });
}
