import type { Redis } from 'ioredis';
import { batchCreatedAt, newBatchId } from '@promptq/shared/jobs';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';
import { fromRedis, redisUnavailable } from '../problems/store-unavailable.ts';
import { keyReused, type Idempotency } from '../idempotency/idempotency-key.ts';
import type { BatchBody } from './batch-body.ts';
import { dropUpload, type Staged } from './stage-requests.ts';

/**
 * Makes an upload a batch in one step: before it there is none, after it the workers see all of it. The record is
 * written first, because a script may run on when Redis is full once it has written.
 */
const addScript = luaScript(
  'promptqAddBatch',
  `
local batch, waiting, results, staged_waiting, staged_results, open, key_record = unpack(KEYS)
local id, batches_begin_with, total, created_at, key_ms = unpack(ARGV)
if key_record then
  local held = redis.call('GET', key_record)
  if held and redis.call('EXISTS', batches_begin_with .. held) == 1 then return held end
end
if redis.call('LLEN', staged_waiting) ~= tonumber(total) then return 'lost' end
redis.call('HSET', batch, 'total', total, 'left', total, 'released', 0, 'created_at', created_at, unpack(ARGV, 6))
redis.call('ZADD', open, created_at, id)
redis.call('RENAME', staged_waiting, waiting)
redis.call('RENAME', staged_results, results)
redis.call('PERSIST', waiting)
redis.call('PERSIST', results)
if key_record then redis.call('SET', key_record, id, 'PX', key_ms) end
return ''
`,
);

/** Settlement gives the key the end of its batch; this is only for a batch that never ends. */
const maxLifetimeMs = 90 * 24 * 3_600 * 1_000;

interface Deps {
  redis: Redis;
  keys: RedisKeys;
}

interface NewBatch extends Pick<BatchBody, 'metadata' | 'webhookUrl'> {
  tenant: string;
  /** Whether the tenant has a webhook secret of its own. */
  ownSecret: boolean;
}

/**
 * @param idempotency of a request with a key; then the batch that was made with it before, if it is still kept
 * @throws {Problem} `idempotency_key_reused`, `redis_unavailable`
 */
export async function addBatch(
  { redis, keys }: Deps,
  { uploadId, total }: Pick<Staged, 'uploadId' | 'total'>,
  { tenant, metadata, webhookUrl, ownSecret }: NewBatch,
  idempotency: Idempotency | null,
): Promise<{ id: string; isReplay: boolean }> {
  const id = newBatchId();
  const keyRecord = idempotency ? [keys.keyed(idempotency.scope)] : [];
  const held = String(
    await fromRedis(
      addScript(
        redis,
        [
          keys.batch(id),
          keys.batchWaiting(id),
          keys.batchResults(id),
          keys.stagedWaiting(uploadId),
          keys.stagedResults(uploadId),
          keys.openBatches,
          ...keyRecord,
        ],
        [
          id,
          keys.batch(''),
          total,
          batchCreatedAt(id),
          maxLifetimeMs,
          'metadata',
          JSON.stringify(metadata),
          'tenant',
          tenant,
          'webhook_url',
          webhookUrl ?? '',
          'own_secret',
          webhookUrl !== null && ownSecret ? '1' : '',
          'fingerprint',
          idempotency?.fingerprint ?? '',
          'key_record',
          keyRecord[0] ?? '',
        ],
      ),
    ),
  );
  if (held === '') return { id, isReplay: false };
  if (held === 'lost') {
    throw redisUnavailable(new Error('the requests of an upload are gone from Redis'));
  }
  await dropUpload({ redis, keys }, uploadId);
  const fingerprint = await fromRedis(redis.hget(keys.batch(held), 'fingerprint'));
  if (fingerprint !== null && fingerprint !== idempotency?.fingerprint) throw keyReused();
  return { id: held, isReplay: true };
}
