import type { JobType } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { createdAtOf, jobTypeOf } from '@promptq/shared/jobs';
import { bucketOf, idsInBucket, newestFirst } from './time-index.ts';

const bucketBatchSize = 50;

/** The filters that the index answers without reading any job. Times are milliseconds since 1970. */
export interface IdQuery {
  type?: JobType | undefined;
  /** Created at this time or later. */
  createdAfterMs?: number | undefined;
  /** Created before this time. */
  createdBeforeMs?: number | undefined;
  /** The id after which to continue. The job need not exist. */
  after?: string | undefined;
}

interface Chunk {
  /** The ids that match, newest first. */
  ids: string[];
  /** The last id that was scanned, matching or not. */
  lastId: string;
  /** How many ids were scanned. */
  size: number;
}

/**
 * The ids in an index from the cursor on, newest first, at most `batchSize` at a time.
 * @param index `all` or `tenant:<tenant>`
 */
export async function* indexedIds(
  context: StoreContext,
  index: string,
  { type, createdAfterMs = -Infinity, createdBeforeMs = Infinity, after }: IdQuery,
  batchSize: number,
): AsyncGenerator<Chunk> {
  const { redis, keys } = context;
  const isMatch = (id: string) => {
    const createdAtMs = createdAtOf(id) ?? 0;
    const isInTime = createdAtMs >= createdAfterMs && createdAtMs < createdBeforeMs;
    return isInTime && (!type || jobTypeOf(id) === type);
  };
  const afterMs = (after === undefined ? null : createdAtOf(after)) ?? Infinity;
  const newest = Math.min(bucketOf(createdBeforeMs), bucketOf(afterMs));
  for await (const bucket of buckets(context, index, newest, bucketOf(createdAfterMs))) {
    const content = await redis.getBuffer(keys.indexBucket(index, bucket));
    const all = idsInBucket(content ?? Buffer.alloc(0));
    const rest = after === undefined ? all : all.filter((id) => newestFirst(after, id) < 0);
    for (let at = 0; at < rest.length; at += batchSize) {
      const some = rest.slice(at, at + batchSize);
      yield { ids: some.filter(isMatch), lastId: some.at(-1) as string, size: some.length };
    }
  }
}

/** The numbers of the buckets, the newest first, both ends included. */
async function* buckets(
  { redis, keys }: StoreContext,
  index: string,
  newest: number,
  oldest: number,
): AsyncGenerator<number> {
  const min = Number.isFinite(oldest) ? oldest : '-inf';
  let max = Number.isFinite(newest) ? String(newest) : '+inf';
  for (;;) {
    const found = await redis.zrevrangebyscore(
      keys.index(index),
      max,
      min,
      'LIMIT',
      0,
      bucketBatchSize,
    );
    for (const bucket of found) yield Number(bucket);
    if (found.length < bucketBatchSize) return;
    max = `(${found.at(-1)}`;
  }
}
