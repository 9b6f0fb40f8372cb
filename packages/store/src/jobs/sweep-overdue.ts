import { ZodError } from 'zod';
import { describeError } from '@promptq/shared/logging';
import type { StoreContext } from '../context.ts';
import { findJob } from './find.ts';
import { peekJobs } from '../job-index/peek.ts';
import { bucketsUntil } from '../job-index/past-buckets.ts';
import { readBucket, replaceBucket } from '../job-index/replace-bucket.ts';
import { bucketOf } from '../job-index/time-index.ts';

const index = 'deadline';
const idBatchSize = 1_000;
/** How many jobs are finished concurrently. */
const finishBatchSize = 20;

/**
 * Finishes overdue jobs as expired: waiting jobs that have never started and whose deadline to start has passed by the
 * clock of Redis. The sweep reads the index of deadlines up to the last bucket that has passed, and removes these
 * buckets. So a job is found at most ten seconds plus the interval of the sweeps after its deadline. When nothing is
 * due, a sweep takes two commands.
 * @returns how many jobs were finished
 */
export async function sweepOverdue(context: StoreContext): Promise<number> {
  const [seconds] = await context.redis.time();
  // The current bucket has deadlines that have not passed yet.
  const newest = bucketOf(Number(seconds) * 1_000) - 1;
  let expired = 0;
  for await (const number of bucketsUntil(context, index, newest)) {
    expired += await sweepBucket(context, number);
  }
  return expired;
}

async function sweepBucket(context: StoreContext, number: number): Promise<number> {
  const bucket = await readBucket(context, index, number);
  let expired = 0;
  for (let at = 0; at < bucket.ids.length; at += idBatchSize) {
    const some = bucket.ids.slice(at, at + idBatchSize);
    const states = await peekJobs(context, some);
    const overdue = some.filter((_, i) => states[i]?.at === 'overdue');
    for (let first = 0; first < overdue.length; first += finishBatchSize) {
      const batch = overdue.slice(first, first + finishBatchSize);
      const finished = await Promise.all(batch.map((id) => finishOverdue(context, id)));
      expired += finished.filter(Boolean).length;
    }
  }
  // Only a job that has never started expires, so the other jobs need not be checked again.
  await replaceBucket(context, bucket, []);
  return expired;
}

/** `findJob` finishes an overdue job. */
async function finishOverdue(context: StoreContext, id: string): Promise<boolean> {
  try {
    const record = await findJob(context, id, null);
    return record?.state.at === 'failed' && record.state.failure.code === 'expired';
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    context.log.warn(
      { job_id: id, error: describeError(error) },
      'an overdue job could not be read, because promptq did not write it; it is left unchanged',
    );
    return false;
  }
}
