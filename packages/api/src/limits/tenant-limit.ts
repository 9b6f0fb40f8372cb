import type { Redis } from 'ioredis';
import type { NewJob } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';
import { queueFull } from './queue-full.ts';

/** What the guard refuses with. It is no job's id. */
const full = 'full';

/**
 * Lua for the steps of `addGuarded`. The keys are the last two of `own`, the values the last three of `args`, so that it
 * stands beside a step that has its own before them. A transaction that the connection sent twice finds its own place.
 */
const take = `
local open, tenants, id, tenant, most = own[#own - 1], own[#own], unpack(args, #args - 2)
if redis.call('SCARD', open) >= tonumber(most) and redis.call('SISMEMBER', open, id) == 0 then return '${full}' end
redis.call('SADD', open, id)
redis.call('SADD', tenants, tenant)
`;

/**
 * Again, for the case that Redis ran full in the middle: a job that is there has its place, one that is not has none, nor
 * has one that has ended before its transaction came a second time.
 */
const keep = `
local open, tenants, id, tenant = own[#own - 1], own[#own], unpack(args, #args - 2)
if all_added and redis.call('HEXISTS', jobs[1], 'finishedOn') == 0 then
  redis.call('SADD', open, id)
  redis.call('SADD', tenants, tenant)
else redis.call('SREM', open, id) end
`;

/** What `addGuarded` needs to take a place for a job. */
export interface TenantSlot {
  own: string[];
  args: (string | number)[];
  /** For the guard, before it writes anything. */
  take: string;
  /** For the conclusion. */
  keep: string;
}

/** Of a job that is not counted: nothing is written. */
export const noSlot: TenantSlot = { own: [], args: [], take: '', keep: '' };

/** At most so many jobs of a tenant have not ended. */
export interface TenantLimit {
  /**
   * A look before a job is made: one that is refused later has had its turn in the fair order already, and pushed
   * the tenant's next ones back.
   * @throws {Problem} `queue_full`, `redis_unavailable`
   */
  peek(tenant: string): Promise<void>;
  /** To be taken in the transaction that adds the job, which is what makes the limit exact. */
  slotFor(job: Pick<NewJob, 'id' | 'data'>): TenantSlot;
  /** @throws {Problem} `queue_full`, when the place was not to be had */
  check(refusal: string | null): void;
}

/**
 * The places of a tenant are a set of the ids of its jobs that have not ended: queued, delayed, running. Settlement,
 * which knows each end once, takes the id out in the same step (settle-script.ts of the worker); what it never
 * sees, a job that was removed by hand, is swept away (open-jobs-sweep.ts). The jobs of batches take no place: they are
 * released a few at a time.
 * @param max from 1 on
 */
export function tenantLimit(redis: Redis, keys: RedisKeys, max: number): TenantLimit {
  const reject = () => {
    const detail = `Your tenant has ${max} unfinished jobs, which is the limit. Try again later.`;
    throw queueFull(detail, 'tenant', max);
  };
  return {
    peek: async (tenant) => {
      if ((await fromRedis(redis.scard(keys.openJobs(tenant)))) >= max) reject();
    },
    slotFor: ({ id, data: { tenant } }) => ({
      own: [keys.openJobs(tenant), keys.tenantsWithOpenJobs],
      args: [id, tenant, max],
      take,
      keep,
    }),
    check: (refusal) => {
      if (refusal === full) reject();
    },
  };
}
