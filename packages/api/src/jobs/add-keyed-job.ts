import type { PublicJob } from '@promptq/shared/contracts';
import { readJob } from '@promptq/shared/queues';
import { toPublicJob } from '@promptq/shared/jobs';
import { fromRedis, redisUnavailable } from '../problems/store-unavailable.ts';
import { noSlot } from '../limits/tenant-limit.ts';
import { addInTransaction } from './add-in-transaction.ts';
import { toAcceptedJob, assertCapacity, toNewJob, type AddDeps } from './add-job.ts';
import { isPastRetention } from './find-job.ts';
import { keyReused, type Idempotency } from '../idempotency/idempotency-key.ts';
import { isKnown } from '../idempotency/is-known.ts';
import type { JobSpec } from '@promptq/shared/jobs';

/**
 * The job that holds the key stops the adding, whatever its type, unless it is gone. `args`: the new job, the one
 * that is known to be gone, and what keys of jobs begin with. The record has an end of its own only for the case
 * that settlement, which gives it the end of its job, never sees the job.
 * @param take of the tenant's place: a replay needs none, and what is refused writes no key
 */
const guardTaking = (take: string) => `
local held = redis.call('GET', own[1])
if held and held ~= args[2] then
  local type = string.match(held, '^(%a+)_')
  if redis.call('EXISTS', args[3] .. type .. ':' .. held) == 1 then return held end
end
${take}
redis.call('SET', own[1], args[1], 'PX', args[4])
`;

/**
 * A job that was not stored (Redis is full) leaves the key free. When not even the guard could write, the key may be
 * another job's, and stays that.
 */
const concludeKeeping = (keep: string) => `
${keep}
local held = redis.call('GET', own[1])
if held and held ~= args[1] then return end
if all_added then redis.call('SET', own[1], args[1], 'PX', args[4])
else redis.call('DEL', own[1]) end
`;

/** Longer than a job can take: a week's delay, 30 days to start in, attempts and their pauses. */
const maxLifetimeMs = 90 * 24 * 3_600 * 1_000;
/** A job can go away between two looks at it, but not again and again. */
const maxTries = 5;

interface Keyed {
  job: PublicJob;
  isReplay: boolean;
}

/**
 * Adds a job, unless one was added with this key before and is still kept: then it is that one. All in one
 * transaction and one round trip; a second one reads the job of a replay.
 * @throws {Problem} `idempotency_key_reused`, `queue_full`, `redis_unavailable`
 */
export async function addKeyedJob(
  deps: Omit<AddDeps, 'appendToIndex'>,
  spec: JobSpec,
  idempotency: Idempotency,
): Promise<Keyed> {
  const { redis, keys, submitted, tenantLimit, settings } = deps;
  const resultTtlSeconds = settings.RESULT_TTL_SECONDS;
  await assertCapacity(deps, spec).catch(async (error: unknown) => {
    // A replay adds nothing: it is answered though there is no room.
    if (!(await isKnown({ redis, keys }, idempotency.scope))) throw error;
  });
  const job = await toNewJob({ ...spec, data: { ...spec.data, idempotency } }, deps);
  const slot = tenantLimit?.slotFor(job) ?? noSlot;
  let goneId = '';
  for (let tries = 0; tries < maxTries; tries += 1) {
    const held = await addInTransaction(deps, job, {
      own: [keys.keyed(idempotency.scope), ...slot.own],
      args: [job.id, goneId, keys.jobsBeginWith, maxLifetimeMs, ...slot.args],
      guard: guardTaking(slot.take),
      conclude: concludeKeeping(slot.keep),
    });
    tenantLimit?.check(held);
    if (held === null) {
      submitted(job.type, 1);
      return { job: toAcceptedJob(job, resultTtlSeconds), isReplay: false };
    }
    const record = await fromRedis(readJob(redis, keys, held));
    const nowMs = Date.now();
    if (record && !isPastRetention(record, resultTtlSeconds, nowMs)) {
      if (record.data.idempotency?.fingerprint !== idempotency.fingerprint) throw keyReused();
      const options = { resultTtlSeconds, includeInput: false, nowMs };
      return { job: toPublicJob(record, options), isReplay: true };
    }
    // `GET` says that it is gone, though it is not removed yet: the key is free.
    goneId = held;
  }
  throw redisUnavailable(new Error('the job of an Idempotency-Key changes all the time'));
}
