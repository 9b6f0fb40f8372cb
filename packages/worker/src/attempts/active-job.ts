import type { Progress } from '@promptq/shared/contracts';
import type { JobData } from '@promptq/shared/jobs';

/** The part of a fetched job that an attempt uses. BullMQ's `Job` has this shape. */
export interface ActiveJob {
  id?: string | undefined;
  /** The data in Redis. A job that promptq did not write may have any data. */
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
