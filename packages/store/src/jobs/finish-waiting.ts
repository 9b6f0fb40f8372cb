import type { StoreContext } from '../context.ts';
import type { JobRecord } from '@promptq/shared/jobs';
import type { FinishedRecord } from './finished-job.ts';

/** The duration of the lock under which a waiting job is finished. The script releases the lock. */
const lockMs = 30_000;

/**
 * Ends a job that no worker runs, because it is cancelled or overdue. It takes one round trip and uses the same script
 * as every other end of a job.
 * @param record as it was read; nothing happens when the job has changed since
 * @returns the finished job; 'running' when a worker has it; 'changed' when the caller must read it again
 */
export async function finishWaiting(
  context: StoreContext,
  record: JobRecord,
  code: 'cancelled' | 'expired',
): Promise<FinishedRecord | 'running' | 'changed'> {
  const queue = context.queues.queueOf(record.id);
  if (queue === null) return 'changed';
  const { attemptsStarted: started, attemptsMade: made } = record;
  // BullMQ counts the end of the job as an attempt, although none was started.
  const failure = { code, upstream: null, neverStarted: true } as const;
  const finished: FinishedRecord = {
    ...record,
    attemptsMade: made + 1,
    state: { at: 'failed', failure, finishedAtMs: Date.now() },
  };
  const result = await context.backendOf(queue).finishWaiting(finished, JSON.stringify(failure), {
    lock: lockMs,
    started,
    made,
    overdue: code === 'expired',
    cancelled_at: record.data.cancel_requested_at ?? undefined,
  });
  if (result === 'finished') return finished;
  return result === 'running' ? 'running' : 'changed';
}
