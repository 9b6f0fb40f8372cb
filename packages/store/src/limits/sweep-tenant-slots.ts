import { noUsage, toTime, type AuditEvent } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { eventIdOf, jobTypeOf } from '@promptq/shared/jobs';

const findStale = defineScript(import.meta.url, 'find-stale-slots');
const free = defineScript(import.meta.url, 'free-slots');

/** One call of a script looks at so many ids; a million unfinished jobs take about a second of Redis. */
const idBatchSize = 1_000;
const tenantBatchSize = '1000';

/**
 * Frees the slots of tenants whose jobs are gone: somebody removed them by hand. Each such job gets one audit event, in the
 * step that frees its slot. An id is put into the set in the step that adds its job, so one that has no job will never
 * have one. Every sweep looks at all slots.
 * @returns how many slots were freed
 */
export async function sweepTenantSlots(context: StoreContext): Promise<number> {
  const { redis, keys } = context;
  let freed = 0;
  let cursor = '0';
  do {
    const [next, tenants] = await redis.sscan(
      keys.tenantsWithOpenJobs,
      cursor,
      'COUNT',
      tenantBatchSize,
    );
    for (const tenant of tenants) {
      freed += await sweepTenant(context, tenant);
    }
    cursor = next;
  } while (cursor !== '0');
  return freed;
}

async function sweepTenant(context: StoreContext, tenant: string): Promise<number> {
  const { redis, keys } = context;
  const slots = keys.openJobs(tenant);
  let freed = 0;
  let cursor = '0';
  do {
    const [next, ids] = (await findStale(redis, {
      keys: [slots],
      control: { root: keys.root, cursor, count: idBatchSize },
    })) as [string, string[]];
    // The last call also forgets a tenant without slots.
    if (ids.length > 0 || next === '0') {
      freed += await freeSlots(context, tenant, ids);
    }
    cursor = next;
  } while (cursor !== '0');
  return freed;
}

async function freeSlots(
  { redis, keys, auditTtlSeconds }: StoreContext,
  tenant: string,
  ids: string[],
): Promise<number> {
  const nowMs = Date.now();
  return (await free(redis, {
    keys: [keys.openJobs(tenant), keys.tenantsWithOpenJobs, keys.audit],
    control: {
      root: keys.root,
      tenant,
      ids,
      audit_from: auditTtlSeconds === null ? 0 : nowMs - auditTtlSeconds * 1_000,
    },
    payloads: ids.map((id) => {
      const event = removedEventOf(id, tenant, nowMs);
      return event ? JSON.stringify(event) : '';
    }),
  })) as number;
}

/** The audit event of a job that was removed before it finished: the id and the slot alone tell of it. */
function removedEventOf(id: string, tenant: string, nowMs: number): AuditEvent | null {
  const type = jobTypeOf(id);
  if (!type) return null;
  return {
    id: eventIdOf(id),
    object: 'audit_event',
    type: 'job.removed',
    timestamp: toTime(nowMs),
    job_id: id,
    job_type: type,
    tenant,
    user_id: null,
    model: null,
    attempts: null,
    queued_ms: null,
    latency_ms: null,
    usage: noUsage,
    message: null,
    reply: null,
    error: null,
    worker: null,
  };
}
