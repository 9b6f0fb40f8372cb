import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queueNameOf } from '../queues/registry.ts';
import { chatSpec, openObservedStore, type ObservedStore } from '../testing/observed-store.ts';

let test: ObservedStore;

beforeEach(async () => {
  test = await openObservedStore({
    limits: { maxWaiting: 100, maxOpenPerTenant: 2, tenantWeights: null },
  });
});
afterEach(async () => {
  await test.close();
});

describe('requests per minute', () => {
  const request = { who: 'key-1', perMinute: 2, idempotencyScope: null };

  it('are counted in a window that later requests do not make longer', async () => {
    const { countRequest } = test.store.limits;
    expect(await countRequest(request)).toMatchObject({
      isAboveLimit: false,
      remaining: 1,
      resetMs: 60_000,
    });
    await test.redis.pexpire(test.keys.requests('key-1'), 30_000);
    const second = await countRequest(request);
    expect(second).toMatchObject({ isReplay: false, isAboveLimit: false, remaining: 0 });
    expect(second.resetMs).toBeLessThanOrEqual(30_000);
    expect(await countRequest(request)).toMatchObject({ isAboveLimit: true, remaining: 0 });
    expect(await countRequest({ ...request, who: 'key-2' })).toMatchObject({ isAboveLimit: false });
  });

  it('do not count a replay', async () => {
    const { countRequest, isKnown } = test.store.limits;
    const withKey = { ...request, idempotencyScope: 'scope-1' };
    expect(await isKnown('scope-1')).toBe(false);
    expect(await countRequest(withKey)).toMatchObject({ isReplay: false, remaining: 1 });
    await test.store.jobs.add(chatSpec(), { scope: 'scope-1', fingerprint: 'f' });
    expect(await isKnown('scope-1')).toBe(true);
    expect(await countRequest(withKey)).toMatchObject({ isReplay: true, isAboveLimit: false });
    expect(await test.redis.get(test.keys.requests('key-1'))).toBe('1');
  });
});

describe('the sweep of slots', () => {
  it('frees the slot of a removed job and writes one audit event for it', async () => {
    const spec = chatSpec({ tenant: 'acme' });
    const added = await test.store.jobs.add(spec);
    await test.store.jobs.add(spec);
    if (added.kind !== 'added') throw new Error(added.kind);
    expect(await test.store.jobs.add(spec)).toEqual({ kind: 'refused', limit: 'tenant' });
    expect(await test.store.retention.sweepTenantSlots()).toBe(0);

    const { id } = added.job;
    await test.redis.del(test.keys.job(queueNameOf('chat'), id));
    const swept = await Promise.all([1, 2, 3].map(() => test.store.retention.sweepTenantSlots()));
    expect(swept.reduce((sum, freed) => sum + freed)).toBe(1);
    expect(await test.auditEvents()).toMatchObject([
      {
        id: `evt_${id}`,
        type: 'job.removed',
        job_id: id,
        job_type: 'chat',
        tenant: 'acme',
        error: null,
      },
    ]);
    expect(await test.store.jobs.add(spec)).toMatchObject({ kind: 'added' });
  });

  it('frees the slot of a finished job without an event, and forgets a tenant without slots', async () => {
    const added = await test.store.jobs.add(chatSpec({ tenant: 'acme' }));
    if (added.kind !== 'added') throw new Error(added.kind);
    await test.store.jobs.cancel(added.job.id, null);
    await test.redis.sadd(test.keys.openJobs('acme'), added.job.id);
    expect(await test.store.retention.sweepTenantSlots()).toBe(1);
    expect(await test.redis.exists(test.keys.tenantsWithOpenJobs)).toBe(0);
    expect((await test.auditEvents()).map(({ type }) => type)).toEqual(['job.cancelled']);
  });

  it('looks at every slot of a tenant with many', async () => {
    const ids = Array.from(
      { length: 2_500 },
      (_, at) => `chat_${at.toString(16).padStart(32, '0')}`,
    );
    await test.redis.sadd(test.keys.openJobs('acme'), ...ids);
    await test.redis.sadd(test.keys.tenantsWithOpenJobs, 'acme');
    expect(await test.store.retention.sweepTenantSlots()).toBe(2_500);
    expect(await test.auditEvents()).toHaveLength(2_500);
  });
});
