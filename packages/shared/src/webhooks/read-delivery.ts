import type { Redis } from 'ioredis';
import { z } from 'zod';
import { deliveryTrySchema, toTime, type PublicDelivery } from '../contracts/index.ts';
import { delayedUntilMs } from '../queues/index.ts';
import { luaScript, type RedisKeys } from '../redis/index.ts';
import { deliveryDataSchema } from './delivery.ts';

/** The delivery's hash, its tries, and until when it waits, in one step: between steps it could move on. */
const readScript = luaScript(
  'promptqReadDelivery',
  `
local fields = redis.call('HMGET', KEYS[1], 'data', 'timestamp', 'finishedOn', 'returnvalue')
return { fields, redis.call('LRANGE', KEYS[2], 0, -1), redis.call('ZSCORE', KEYS[3], ARGV[1]) }
`,
);

const answerSchema = z.tuple([
  z.tuple([z.string(), z.coerce.number(), z.coerce.number().nullable(), z.string().nullable()]),
  z.array(z.string()),
  z.string().nullable(),
]);

/** The delivery with this id, or `null` when this tenant has none (any more). */
export async function readDelivery(
  redis: Redis,
  keys: RedisKeys,
  id: string,
  owner: string,
): Promise<PublicDelivery | null> {
  const answer = await readScript(
    redis,
    [keys.delivery(id), `${keys.delivery(id)}:logs`, keys.delayedDeliveries],
    [id],
  );
  if ((answer as unknown[][])[0]?.[0] === null) return null;
  const [[data, createdAtMs, finishedAtMs, returnValue], rows, delayedScore] =
    answerSchema.parse(answer);
  const { url, job_id, event_id, event_type, tenant } = deliveryDataSchema.parse(JSON.parse(data));
  if (tenant !== owner) return null;
  const hasEnded = finishedAtMs !== null;
  return {
    id,
    object: 'delivery',
    job_id,
    event_id,
    event_type,
    url,
    // A delivery that was tried in vain and then arrived has a failure as well: the return value decides.
    status: !hasEnded ? 'pending' : returnValue === null ? 'dead' : 'delivered',
    created_at: toTime(createdAtMs),
    next_try_at: delayedScore && toTime(delayedUntilMs(delayedScore)),
    finished_at: hasEnded ? toTime(finishedAtMs) : null,
    tries: rows.map((row) => deliveryTrySchema.parse(JSON.parse(row))),
  };
}
