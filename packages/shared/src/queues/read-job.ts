import type { Redis } from 'ioredis';
import { hashFields, luaScript, type RedisKeys } from '../redis/index.ts';
import { jobTypeOf } from '../jobs/index.ts';
import type { JobRecord } from '../jobs/index.ts';
import { readJobHash } from './parse-hash.ts';
import { delayedUntilMs } from './scores.ts';

/**
 * The job's hash and where an unfinished job is, in one atomic step and one round trip. BullMQ's own
 * `getState` searches the waiting list, which costs more the longer the queue is; the active list is
 * never longer than the pool's concurrency, and what is neither active nor delayed is waiting.
 */
const readJobScript = luaScript(
  'promptqReadJob',
  `
if ARGV[2] ~= '' then
  local opts = redis.call('HGET', KEYS[1], 'opts')
  if opts and string.find(opts, '"tenant":', 1, true) and not string.find(opts, ARGV[2], 1, true) then
    return { {}, '', 0 }
  end
end
local fields = redis.call('HGETALL', KEYS[1])
local delayed = redis.call('ZSCORE', KEYS[2], ARGV[1])
local active = redis.call('LPOS', KEYS[3], ARGV[1])
return { fields, delayed or '', active and 1 or 0 }
`,
);

/**
 * The job with this id, or `null` when there is none (any more).
 * @param tenant who asks: a job that its options say is another tenant's is `null` as well and stays in Redis, so that the
 *   time of an answer does not tell how much there is. Not all of them say so: compare the tenant of what comes.
 */
export async function readJob(
  redis: Redis,
  keys: RedisKeys,
  id: string,
  tenant?: string,
): Promise<JobRecord | null> {
  const type = jobTypeOf(id);
  if (!type) return null;
  const answer = await readJobScript(
    redis,
    [keys.job(type, id), keys.delayed(type), keys.active(type)],
    [id, tenant === undefined ? '' : `"tenant":${JSON.stringify(tenant)}`],
  );
  const [flat, delayedScore, isActive] = answer as [string[], string, number];
  if (flat.length === 0) return null;
  const unfinished =
    isActive === 1
      ? ({ at: 'active' } as const)
      : delayedScore !== ''
        ? ({
            at: 'delayed',
            untilMs: delayedUntilMs(delayedScore),
          } as const)
        : ({ at: 'waiting' } as const);
  return readJobHash(id, type, hashFields(flat), unfinished);
}
