import { pendingType } from '@promptq/shared/batches';
import { batchJobId, type BatchRecord } from '@promptq/shared/jobs';
import type { JobType } from '@promptq/shared/contracts';
import { flagCancel, requestCancel } from '@promptq/shared/queues';
import { luaScript } from '@promptq/shared/redis';
import type { BatchQueues } from './release-requests.ts';

const indexBatchSize = 500;
const flagConcurrency = 100;
const cancelConcurrency = 20;

const toldScript = luaScript(
  'promptqCancelTold',
  `if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'cancel_told', 1) end`,
);

interface OpenJob {
  type: JobType;
  jobId: string;
}

/**
 * Cancels the jobs that existed when their batch was cancelled. Requests released later are cancelled from the start. An
 * interrupted run starts again from the beginning, because cancelling twice changes nothing.
 */
export async function cancelReleased(deps: BatchQueues, record: BatchRecord): Promise<void> {
  const { redis, keys, queues } = deps;
  const jobs = await openJobs(deps, record);
  // All are flagged before the first is aborted: its place is taken at once, and the next one must not be run.
  await inChunks(jobs, flagConcurrency, ({ jobId }) => flagCancel(redis, keys, jobId));
  await inChunks(jobs, cancelConcurrency, ({ type, jobId }) =>
    requestCancel(redis, keys, queues[type], jobId),
  );
  await toldScript(redis, [keys.batch(record.id)], []);
}

/** The jobs of a batch that have not ended. */
async function openJobs(
  { redis, keys }: BatchQueues,
  { id, released }: BatchRecord,
): Promise<OpenJob[]> {
  const jobs: OpenJob[] = [];
  for (let from = 0; from < released; from += indexBatchSize) {
    const places = Array.from(
      { length: Math.min(indexBatchSize, released - from) },
      (_, at) => from + at,
    );
    const found = await redis.hmget(keys.batchResults(id), ...places.map(String));
    for (const [at, index] of places.entries()) {
      const type = pendingType(found[at] ?? '');
      if (type) jobs.push({ type, jobId: batchJobId(id, type, index) });
    }
  }
  return jobs;
}

async function inChunks<Item>(
  items: Item[],
  count: number,
  run: (item: Item) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < items.length; at += count) {
    await Promise.all(items.slice(at, at + count).map(run));
  }
}
