import type { Job } from 'bullmq';
import type { Progress } from '@promptq/shared/contracts';
import { describeError, type Logger } from '@promptq/shared/logging';
import type { JobData, JobResult } from '@promptq/shared/jobs';

const progressIntervalMs = 500;

/** Writes the progress at most every 500 ms, because each write is an event that settlement must read. */
export function throttledProgress(
  job: Job<JobData, JobResult>,
  log: Logger,
): (progress: Progress) => void {
  let writtenAtMs = performance.now();
  return (progress) => {
    if (performance.now() - writtenAtMs < progressIntervalMs) return;
    writtenAtMs = performance.now();
    job.updateProgress(progress).catch((error: unknown) => {
      log.warn({ job_id: job.id, error: describeError(error) }, 'could not write the progress');
    });
  };
}
