import type { Redis } from 'ioredis';
import { bucketOf, idsInBucket, indexEntry } from '@promptq/shared/queues';
import { jobTypeOf } from '@promptq/shared/jobs';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';

const bucketBatchSize = 100;
const idBatchSize = 1_000;
/** A string is left alone for so long after its jobs could have gone: one may still be on its way into it. */
const spareMs = 60_000;

/** Nothing may have been appended since it was read. */
const replaceScript = luaScript(
  'promptqReplaceBucket',
  `
if redis.call('STRLEN', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
if ARGV[3] ~= '' then redis.call('SET', KEYS[1], ARGV[3])
else
  redis.call('UNLINK', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[2])
end
return 1
`,
);

/**
 * Takes the jobs that are gone out of the index. Jobs that wait or run for longer than finished ones are kept stay
 * in it. @returns how many ids were taken out
 */
export async function sweepIndex(
  redis: Redis,
  keys: RedisKeys,
  resultTtlSeconds: number,
): Promise<number> {
  const oldEnough = bucketOf(Date.now() - resultTtlSeconds * 1_000 - spareMs) - 1;
  let removed = 0;
  let from = '-inf';
  for (;;) {
    const found = await redis.zrangebyscore(
      keys.index,
      from,
      oldEnough,
      'LIMIT',
      0,
      bucketBatchSize,
    );
    for (const bucket of found) removed += await sweepBucket(redis, keys, Number(bucket));
    if (found.length < bucketBatchSize) return removed;
    from = `(${found.at(-1)}`;
  }
}

async function sweepBucket(redis: Redis, keys: RedisKeys, bucket: number): Promise<number> {
  const key = keys.indexBucket(bucket);
  const content = (await redis.getBuffer(key)) ?? Buffer.alloc(0);
  const ids = idsInBucket(content);
  const kept: Buffer[] = [];
  for (let at = 0; at < ids.length; at += idBatchSize) {
    const some = ids.slice(at, at + idBatchSize);
    const pipeline = redis.pipeline();
    for (const id of some) pipeline.exists(keys.job(jobTypeOf(id) ?? 'chat', id));
    const answers = (await pipeline.exec()) ?? [];
    some.forEach((id, index) => {
      const [error, exists] = answers[index] ?? [];
      if (error) throw error;
      if (exists === 1) kept.push(indexEntry(keys, id).member);
    });
  }
  if (kept.length === ids.length && content.length > 0) return 0;
  await replaceScript(redis, [key, keys.index], [content.length, bucket, Buffer.concat(kept)]);
  return ids.length - kept.length;
}
