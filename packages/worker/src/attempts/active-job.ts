import type { Progress } from '@promptq/shared/contracts';
import type { JobData } from '@promptq/shared/jobs';

/** A job that a worker has fetched, as far as an attempt looks at it. BullMQ's own class is one. */
export interface ActiveJob {
  id?: string | undefined;
  /** What Redis holds: a job that promptq did not write may have any data. */
  data: JobData;
  opts: { attempts?: number; delay?: number };
  /** When the job was added, in milliseconds since 1970. */
  timestamp: number;
  attemptsMade: number;
  attemptsStarted: number;
  /** How many workers died while they ran the job. */
  stalledCounter: number;
  updateProgress(progress: Progress): Promise<void>;
}
