import type { Redis } from 'ioredis';
import { readBatchRecord } from '@promptq/shared/batches';
import { toPublicBatch, isBatchId } from '@promptq/shared/jobs';
import type { PublicBatch } from '@promptq/shared/contracts';
import { hashFields, luaScript, type RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';
import { Problem } from '../problems/problem.ts';

/**
 * The record and how many of the batch's jobs are active, in one step, so that the counts belong together. The lists
 * of active jobs are never longer than the pool's concurrency; an id tells its batch, see batch-id.ts.
 */
const readScript = luaScript(
  'promptqReadBatch',
  `
local active = 0
for i = 2, #KEYS do
  for _, id in ipairs(redis.call('LRANGE', KEYS[i], 0, -1)) do
    if string.sub(id, -32, -20) == ARGV[1] and string.sub(id, -14) == ARGV[2] then active = active + 1 end
  end
end
return { redis.call('HGETALL', KEYS[1]), active }
`,
);

export interface BatchDeps {
  redis: Redis;
  keys: RedisKeys;
  settings: { RESULT_TTL_SECONDS: number };
}

/** The batch of this tenant as it is now; another tenant's is answered as if there were none. @throws {Problem} `not_found`, `redis_unavailable` */
export async function findBatch(
  { redis, keys, settings }: BatchDeps,
  id: string,
  tenant: string,
): Promise<PublicBatch> {
  if (!isBatchId(id)) throw noSuchBatch();
  const digits = id.slice(-32);
  const answer = await fromRedis(
    readScript(
      redis,
      [keys.batch(id), keys.active('chat'), keys.active('analysis')],
      [`${digits.slice(0, 12)}8`, digits.slice(-14)],
    ),
  );
  const [flat, active] = answer as [string[], number];
  if (flat.length === 0) throw noSuchBatch();
  const record = readBatchRecord(id, hashFields(flat));
  if (record.tenant !== tenant) throw noSuchBatch();
  return toPublicBatch(record, {
    active,
    resultTtlSeconds: settings.RESULT_TTL_SECONDS,
  });
}

function noSuchBatch(): Problem {
  return new Problem('not_found', 'There is no such batch, or it is no longer kept.');
}
