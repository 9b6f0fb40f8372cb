import type { StoreContext } from '../context.ts';
import { cancelJob, flagCancelled } from '../jobs/cancel.ts';
import { finishWaiting } from '../jobs/finish-waiting.ts';
import { defineScript } from '../scripts/script.ts';
import { batchJobId, type JobRecord, type BatchRecord } from '@promptq/shared/jobs';
import { pendingType } from './staged-request.ts';

const markCancelled = defineScript(import.meta.url, 'mark-cancelled');

const readChunk = 500;
const flagConcurrency = 100;
const cancelConcurrency = 20;

/**
 * Cancels the released requests of a batch whose cancellation was requested. Idempotent: it can be repeated after an
 * interruption.
 * @param batch as it was read; the next call cancels requests that are released later
 */
export async function cancelReleased(context: StoreContext, batch: BatchRecord): Promise<void> {
  const { cancel_propagated: from, released: to, cancel_requested_at } = batch;
  if (cancel_requested_at === undefined || from >= to) return;
  const jobIds = await unfinishedJobs(context, batch, from, to);
  // All jobs are flagged before the first is aborted: its worker immediately takes the next job, which must not run.
  await inChunks(jobIds, flagConcurrency, (jobId) => flagCancelled(context, jobId));
  await inChunks(jobIds, cancelConcurrency, (jobId) => cancelJob(context, jobId, null));
  await noteCancelled(context, batch.id, { from, to });
}

/**
 * Ends jobs that were released with the cancellation flag. A job that a worker has taken meanwhile is ended by the
 * worker, because workers do not run flagged jobs.
 * @param from the index of the first of these requests
 */
export async function finishCancelled(
  context: StoreContext,
  { id }: BatchRecord,
  from: number,
  jobs: JobRecord[],
): Promise<void> {
  await Promise.all(jobs.map((job) => finishWaiting(context, job, 'cancelled')));
  await noteCancelled(context, id, { from, to: from + jobs.length });
}

async function noteCancelled(
  { redis, keys }: StoreContext,
  id: string,
  range: { from: number; to: number },
): Promise<void> {
  await markCancelled(redis, { keys: [keys.batch(id)], control: range });
}

/** The ids of the unfinished jobs of some requests, from index `from` to before index `to`. */
async function unfinishedJobs(
  { redis, keys, queues }: StoreContext,
  { id }: BatchRecord,
  from: number,
  to: number,
): Promise<string[]> {
  const jobIds: string[] = [];
  for (let start = from; start < to; start += readChunk) {
    const indexes = Array.from({ length: Math.min(readChunk, to - start) }, (_, at) => start + at);
    const found = await redis.hmget(keys.batchResults(id), ...indexes.map(String));
    for (const [at, index] of indexes.entries()) {
      const type = pendingType(found[at] ?? '');
      if (type) jobIds.push(batchJobId(id, { type, queueNumber: queues.numberOf(type), index }));
    }
  }
  return jobIds;
}

async function inChunks<Item>(
  items: Item[],
  count: number,
  run: (item: Item) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < items.length; at += count) {
    await Promise.all(items.slice(at, at + count).map(run));
  }
}
