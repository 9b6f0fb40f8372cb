import type { Progress } from '@promptq/shared/contracts';
import { describeError, type Logger } from '@promptq/shared/logging';
import type { ActiveJob } from './active-job.ts';

const progressIntervalMs = 500;

/** Writes the progress at most twice a second: each write is a round trip to Redis. */
export function throttledProgress(
  job: Pick<ActiveJob, 'id' | 'updateProgress'>,
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
