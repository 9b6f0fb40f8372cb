import type { JobType } from '@promptq/shared/contracts';
import type { Redis } from 'ioredis';
import { bucketOf, idsInBucket, newestFirst } from '@promptq/shared/queues';
import { createdAtOf, jobTypeOf } from '@promptq/shared/jobs';
import type { RedisKeys } from '@promptq/shared/redis';

const bucketBatchSize = 50;

/** What the index tells without a look at any job. */
export interface IdQuery {
  type?: JobType | undefined;
  created_after?: string | undefined;
  created_before?: string | undefined;
  after?: string | undefined;
}

interface Chunk {
  /** Those that match, newest first. */
  ids: string[];
  /** The last one that was looked at, matching or not. */
  lastId: string;
  /** How many were looked at. */
  size: number;
}

/** The ids in the index from the cursor on, newest first, at most `batchSize` at a time. */
export async function* indexedIds(
  redis: Redis,
  keys: RedisKeys,
  query: IdQuery,
  batchSize: number,
): AsyncGenerator<Chunk> {
  const fromMs = query.created_after === undefined ? -Infinity : Date.parse(query.created_after);
  const toMs = query.created_before === undefined ? Infinity : Date.parse(query.created_before);
  const { after, type } = query;
  const isMatch = (id: string) => {
    const createdAtMs = createdAtOf(id) ?? 0;
    return createdAtMs >= fromMs && createdAtMs < toMs && (!type || jobTypeOf(id) === type);
  };
  const newest = Math.min(bucketOf(toMs), bucketOf((after && createdAtOf(after)) || Infinity));
  for await (const bucket of buckets(redis, keys, newest, bucketOf(fromMs))) {
    const content = await redis.getBuffer(keys.indexBucket(bucket));
    const all = idsInBucket(content ?? Buffer.alloc(0));
    const rest = after === undefined ? all : all.filter((id) => newestFirst(after, id) < 0);
    for (let at = 0; at < rest.length; at += batchSize) {
      const some = rest.slice(at, at + batchSize);
      yield { ids: some.filter(isMatch), lastId: some.at(-1) as string, size: some.length };
    }
  }
}

/** The numbers of the strings there are, the newest first, both ends included. */
async function* buckets(
  redis: Redis,
  keys: RedisKeys,
  newest: number,
  oldest: number,
): AsyncGenerator<number> {
  const min = Number.isFinite(oldest) ? oldest : '-inf';
  let max = Number.isFinite(newest) ? String(newest) : '+inf';
  for (;;) {
    const found = await redis.zrevrangebyscore(keys.index, max, min, 'LIMIT', 0, bucketBatchSize);
    for (const bucket of found) yield Number(bucket);
    if (found.length < bucketBatchSize) return;
    max = `(${found.at(-1)}`;
  }
}
