import type { Job } from 'bullmq';
import type { Progress } from '@promptq/shared/contracts';
import { describeError, type Logger } from '@promptq/shared/logging';
import type { JobData, JobResult } from '@promptq/shared/jobs';

const progressIntervalMs = 500;

/** Progress is written now and then: each write is an event that settlement has to read. */
export function throttledProgress(
  job: Job<JobData, JobResult>,
  log: Logger,
): (progress: Progress) => void {
  let writtenAtMs = performance.now();
  return (progress) => {
    if (performance.now() - writtenAtMs < progressIntervalMs) return;
    writtenAtMs = performance.now();
    job.updateProgress(progress).catch((error: unknown) => {
      log.warn({ job_id: job.id, error: describeError(error) }, 'progress could not be written');
    });
  };
}
