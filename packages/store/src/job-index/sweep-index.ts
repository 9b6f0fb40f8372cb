import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { bucketsUntil } from './past-buckets.ts';
import { readBucket, replaceBucket } from './replace-bucket.ts';
import { bucketOf, indexEntry } from './time-index.ts';

const forgetTenant = defineScript(import.meta.url, 'forget-tenant');

const idBatchSize = 1_000;
const tenantBatchSize = 1_000;
/**
 * A bucket is swept only this long after its jobs can be past their retention, because late entries may be appended to
 * it.
 */
const spareMs = 60_000;

/**
 * Removes jobs that no longer exist from the indexes of all tenants and from the index over all jobs. A job that still
 * exists stays, however old it is.
 * @returns how many ids were removed from the index over all jobs
 */
export async function sweepIndexes(context: StoreContext): Promise<number> {
  const { redis, keys, resultTtlSeconds } = context;
  const newest = bucketOf(Date.now() - resultTtlSeconds * 1_000 - spareMs) - 1;
  const tenants = redis.sscanStream(keys.indexedTenants, { count: tenantBatchSize });
  for await (const batch of tenants as AsyncIterable<string[]>) {
    for (const tenant of batch) {
      const index = `tenant:${tenant}`;
      await sweepIndex(context, index, newest);
      await forgetTenant(redis, {
        keys: [keys.index(index), keys.indexedTenants],
        control: { tenant },
      });
    }
  }
  return sweepIndex(context, 'all', newest);
}

/** Sweeps the buckets of one index up to and including `newest`. */
async function sweepIndex(context: StoreContext, index: string, newest: number): Promise<number> {
  let removed = 0;
  for await (const number of bucketsUntil(context, index, newest)) {
    removed += await sweepBucket(context, index, number);
  }
  return removed;
}

async function sweepBucket(context: StoreContext, index: string, number: number): Promise<number> {
  const bucket = await readBucket(context, index, number);
  const kept: string[] = [];
  for (let at = 0; at < bucket.ids.length; at += idBatchSize) {
    kept.push(...(await existing(context, bucket.ids.slice(at, at + idBatchSize))));
  }
  if (kept.length === bucket.ids.length && bucket.length > 0) return 0;
  const isReplaced = await replaceBucket(
    context,
    bucket,
    kept.map((id) => indexEntry(id).entry),
  );
  return isReplaced ? bucket.ids.length - kept.length : 0;
}

/** The ids whose jobs exist. */
async function existing({ redis, keys, queues }: StoreContext, ids: string[]): Promise<string[]> {
  const pipeline = redis.pipeline();
  const known = ids.flatMap((id) => {
    const queue = queues.queueOf(id);
    return queue === null ? [] : [[id, keys.job(queue, id)] as const];
  });
  for (const [, key] of known) pipeline.exists(key);
  const replies = (await pipeline.exec()) ?? [];
  return known.flatMap(([id], at) => {
    const [error, exists] = replies[at] ?? [];
    if (error) throw error;
    return exists === 1 ? [id] : [];
  });
}
