import { auditFromMs } from '../audit/append.ts';
import { removedEvent } from '../audit/removed-event.ts';
import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { jobTypeOf } from '@promptq/shared/jobs';

const findStale = defineScript(import.meta.url, 'find-stale-slots');
const free = defineScript(import.meta.url, 'free-slots');

/**
 * The number of ids that one call of the script checks. A million unfinished jobs take about a second of Redis's time.
 */
const idBatchSize = 1_000;
const tenantBatchSize = 1_000;

/**
 * Frees the slots of jobs that were removed by hand. The same step writes one audit event for each job. A slot is taken
 * in the step that adds its job, so a slot without a job is always stale. Every sweep checks all slots.
 * @returns how many slots were freed
 */
export async function sweepTenantSlots(context: StoreContext): Promise<number> {
  const { redis, keys } = context;
  let freed = 0;
  const tenants = redis.sscanStream(keys.tenantsWithOpenJobs, { count: tenantBatchSize });
  for await (const batch of tenants as AsyncIterable<string[]>) {
    for (const tenant of batch) freed += await sweepTenant(context, tenant);
  }
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

async function freeSlots(context: StoreContext, tenant: string, ids: string[]): Promise<number> {
  const { redis, keys } = context;
  return (await free(redis, {
    keys: [keys.openJobs(tenant), keys.tenantsWithOpenJobs, keys.audit],
    control: { root: keys.root, tenant, ids, audit_from: auditFromMs(context) },
    payloads: ids.map((id) => {
      const type = jobTypeOf(id);
      return type ? JSON.stringify(removedEvent({ id, type, tenant })) : '';
    }),
  })) as number;
}
