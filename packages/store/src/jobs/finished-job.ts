import type { AuditEvent, JobError } from '@promptq/shared/contracts';
import type { Job } from 'bullmq';
import {
  createdAtOf,
  jobTypeOf,
  startBy,
  withDefaults,
  type JobData,
  type JobRecord,
  type JobResult,
} from '@promptq/shared/jobs';

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

/**
 * The record of a job that BullMQ finishes.
 * @param queue the name of its queue, which begins with the type: the id of a job that promptq did not write may not
 */
export function toFinishedRecord(
  job: Job<JobData, JobResult>,
  state: FinishedRecord['state'],
  queue: string,
): FinishedRecord {
  const id = job.id as string;
  const type = jobTypeOf(id) ?? (queue.split('.', 1)[0] as FinishedRecord['type']);
  const data = withDefaults(job.data ?? {});
  return {
    id,
    type,
    data,
    state,
    maxAttempts: job.opts.attempts ?? 1,
    attemptsMade: job.attemptsMade + 1,
    attemptsStarted: job.attemptsStarted,
    createdAtMs: createdAtOf(id) ?? job.timestamp,
    startByMs: startBy(job.timestamp, job.opts.delay ?? 0, data.start_within_seconds),
    startedAtMs: job.processedOn ?? null,
    progress: null,
    worker: job.processedBy ?? null,
    trace: job.opts.telemetry?.metadata,
  };
}
