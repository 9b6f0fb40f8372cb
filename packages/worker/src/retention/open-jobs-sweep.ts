import type { Redis } from 'ioredis';
import { jobTypeOf } from '@promptq/shared/jobs';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';

/** One sweep looks at so many ids, and at so many of one tenant: chosen by chance, so that each has its turn. */
const maxIds = 100_000;
const maxIdsPerTenant = 10_000;
const maxTenants = 1_000;
const idBatchSize = 1_000;

/** A job may have been added to the set meanwhile. */
const forgetScript = luaScript(
  'promptqForgetTenant',
  `if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], ARGV[1]) end`,
);

/**
 * Frees the places of tenants (`MAX_WAITING_JOBS_PER_TENANT`) whose jobs are gone or have ended without settlement
 * taking them out: removed by hand, settled by a worker of a version before. An id is put into the set in the step that
 * adds its job, so one that has no job will never have one.
 * @returns how many places were freed
 */
export async function sweepOpenJobs(redis: Redis, keys: RedisKeys): Promise<number> {
  const tenants = await redis.srandmember(keys.tenantsWithOpenJobs, maxTenants);
  const from = Math.floor(Math.random() * tenants.length);
  let left = maxIds;
  let freed = 0;
  for (const tenant of [...tenants.slice(from), ...tenants.slice(0, from)]) {
    if (left === 0) break;
    const ids = await redis.srandmember(keys.openJobs(tenant), Math.min(maxIdsPerTenant, left));
    left -= ids.length;
    for (let at = 0; at < ids.length; at += idBatchSize) {
      const ended = await endedOf(redis, keys, ids.slice(at, at + idBatchSize));
      if (ended.length > 0) freed += await redis.srem(keys.openJobs(tenant), ...ended);
    }
    await forgetScript(redis, [keys.openJobs(tenant), keys.tenantsWithOpenJobs], [tenant]);
  }
  return freed;
}

/** Those whose jobs have ended, or are not there. */
async function endedOf(redis: Redis, keys: RedisKeys, ids: string[]): Promise<string[]> {
  const pipeline = redis.pipeline();
  // Every job of BullMQ has a time at which it was added.
  for (const id of ids)
    pipeline.hmget(keys.job(jobTypeOf(id) ?? 'chat', id), 'timestamp', 'finishedOn');
  const answers = (await pipeline.exec()) ?? [];
  return ids.filter((_, at) => {
    const [error, fields] = answers[at] ?? [];
    if (error) throw error;
    const [addedAt, finishedAt] = fields as [string | null, string | null];
    return addedAt === null || finishedAt !== null;
  });
}
