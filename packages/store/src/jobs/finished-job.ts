import type { AuditEvent, JobError } from '@promptq/shared/contracts';
import type { JobRecord } from '@promptq/shared/jobs';

/** The audit event of a job's end. */
export type FinishedEvent = AuditEvent & {
  type: `job.${FinishedStatus}`;
  error: JobError | null;
};
export type FinishedStatus = 'completed' | 'failed' | 'cancelled' | 'expired';

/** A job whose state is final. */
export type FinishedRecord = JobRecord & {
  state: Extract<JobRecord['state'], { at: 'completed' | 'failed' }>;
};

/** How to finish a job that no worker runs: see `waiting` in finish.lua. */
export interface WaitingJob {
  /** The duration of the lock under which it is finished, in milliseconds. */
  lock: number;
  started: number;
  made: number;
  overdue: boolean;
  cancelled_at?: number | undefined;
}

/** Finishes the waiting jobs of one queue. */
export interface WaitingJobFinisher {
  /** @returns 'running' or 'changed' when the job differs from `waiting`; 'gone' when it does not exist */
  finishWaiting(
    record: FinishedRecord,
    reason: string,
    waiting: WaitingJob,
  ): Promise<'finished' | 'gone' | 'running' | 'changed'>;
}
