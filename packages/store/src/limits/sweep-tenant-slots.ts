import { noUsage, toTime, type AuditEvent } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { eventIdOf, jobTypeOf } from '@promptq/shared/jobs';

const findStale = defineScript(import.meta.url, 'find-stale-slots');
const free = defineScript(import.meta.url, 'free-slots');

/**
 * The number of ids that one call of the script checks. A million unfinished jobs take about a second of Redis's time.
 */
const idBatchSize = 1_000;
const tenantBatchSize = '1000';

/**
 * Frees the slots of jobs that were removed by hand. The same step writes one audit event for each job. A slot is taken
 * in the step that adds its job, so a slot without a job is always stale. Every sweep checks all slots.
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
    // The last call also removes a tenant without slots from the set of tenants.
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

/** The audit event of a job that was removed before it finished. Only its id and its tenant are known. */
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
