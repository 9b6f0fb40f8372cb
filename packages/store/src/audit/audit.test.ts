import { expect, test } from 'vitest';
import { plainEvent, type AuditEvent } from '@promptq/shared/contracts';
import { deliveryIdOf } from '@promptq/shared/webhooks';
import { chatSpec, openTestStore, type TestStore } from '../testing/test-store.ts';

const { signal } = new AbortController();
const allTenants = { tenant: null, afterEntry: null, signal };

function eventOf(id: string): AuditEvent {
  return { ...plainEvent('queue', { type: 'queue.paused', tenant: 'default' }), id };
}

async function cancelledJob(store: TestStore, given: Parameters<typeof chatSpec>[0] = {}) {
  const added = await store.jobs.add(chatSpec(given));
  if (added.kind !== 'added') throw new Error('the job was refused');
  await store.jobs.cancel(added.job.id, null);
  return added.job.id;
}

test('events are found newest first, by type, user and tenant, and a page goes on after an id or an entry', async () => {
  const store = await openTestStore();
  const a = await cancelledJob(store, { tenant: 'a', user_id: 'u' });
  const b = await cancelledJob(store, { tenant: 'b' });
  const c = await cancelledJob(store, { tenant: 'a' });
  const queueId = `evt_queue_${Date.now()}_7`;
  await store.audit.append(eventOf(queueId));
  const idsOf = async (query: object, scope: object = {}) =>
    (await store.audit.find({ limit: 10, ...query }, { ...allTenants, ...scope }))?.events.map(
      ({ id }) => id,
    );
  const [ea, eb, ec] = [a, b, c].map((id) => `evt_${id}`);
  expect(await idsOf({})).toEqual([queueId, ec, eb, ea]);
  expect(await idsOf({}, { tenant: 'a' })).toEqual([ec, ea]);
  expect(await idsOf({ user_id: 'u' })).toEqual([ea]);
  expect(await idsOf({ type: 'chat' })).toEqual([ec, eb, ea]);
  expect(await idsOf({ type: 'queue.paused' })).toEqual([queueId]);
  expect(await idsOf({ job_id: b })).toEqual([eb]);
  expect(await idsOf({ job_id: b }, { tenant: 'a' })).toEqual([]);
  expect(await idsOf({ after: ec })).toEqual([eb, ea]);
  expect(await idsOf({ after: queueId })).toEqual([ec, eb, ea]);
  expect(await idsOf({ after: eb }, { tenant: 'a' })).toBeUndefined();
  expect(await idsOf({ after: 'evt_queue_1_2' })).toBeUndefined();
  expect(await idsOf({ after: 'evt_' })).toBeUndefined();

  const page = await store.audit.find({ limit: 1 }, { ...allTenants, tenant: 'a' });
  expect(page).toMatchObject({
    hasMore: true,
    events: [{ id: ec }],
    end: { id: ec, isCallersOwn: true },
  });
  const afterEntry = page?.end?.position ?? '';
  expect(await idsOf({ after: 'sealed' }, { tenant: 'a', afterEntry })).toEqual([ea]);
});

test('the event of a job is found when the job is gone', async () => {
  const store = await openTestStore();
  const id = await cancelledJob(store);
  await store.context.redis.del(store.context.keys.job('chat.default', id));
  const found = await store.audit.find({ job_id: id, limit: 10 }, allTenants);
  expect(found?.events).toMatchObject([{ id: `evt_${id}`, type: 'job.cancelled' }]);
});

test('a blocked delivery is audited once and is found with its job', async () => {
  const store = await openTestStore();
  const webhook = { url: 'https://example.com/', include_output: false };
  const jobId = await cancelledJob(store, { webhook });
  const blockedBy = (worker: string) => ({
    ...plainEvent('webhook', { type: 'webhook.blocked', tenant: 'default', worker }),
    job_id: jobId,
  });
  await store.audit.appendOnce(blockedBy('worker-1'));
  await store.audit.appendOnce(blockedBy('worker-2'));
  const found = await store.audit.find({ job_id: jobId, limit: 10 }, allTenants);
  expect(found?.events).toMatchObject([
    { type: 'webhook.blocked', worker: 'worker-1' },
    { id: `evt_${jobId}` },
  ]);

  const { redis, keys } = store.context;
  const length = await redis.xlen(keys.audit);
  await redis.del(keys.delivery(deliveryIdOf(jobId)));
  await store.audit.appendOnce(blockedBy('worker-1'));
  expect(await redis.xlen(keys.audit)).toBe(length);
});

test('a process that keeps audit events for a time removes older ones; another removes none', async () => {
  const store = await openTestStore({ auditTtlSeconds: undefined as never });
  const { redis, keys } = store.context;
  await redis.xadd(keys.audit, '1-1', 'job_id', '', 'type', 'queue.paused', 'event', '{}');
  await store.audit.append(eventOf('evt_queue_1_1'));
  await store.audit.trim();
  expect(await redis.xlen(keys.audit)).toBe(2);
  store.context.auditTtlSeconds = 3_600;
  await store.audit.trim();
  const found = await store.audit.find({ limit: 10 }, allTenants);
  expect(found?.events.map(({ id }) => id)).toEqual(['evt_queue_1_1']);
});

test('all processes have one key for cursors; one of another length is refused', async () => {
  const store = await openTestStore();
  expect(await store.audit.readCursorKey()).toBeNull();
  const made = await Promise.all([1, 2].map(() => store.audit.ensureCursorKey()));
  expect(made[0]).toHaveLength(32);
  expect(made[1]).toEqual(made[0]);
  expect(await store.audit.readCursorKey()).toEqual(made[0]);
  await store.context.redis.set(store.context.keys.cursorKey, 'short');
  await expect(store.audit.ensureCursorKey()).rejects.toThrow(RangeError);
});

test('a value of another kind under the key of the audit stream is refused at start', async () => {
  const store = await openTestStore();
  const { redis, keys } = store.context;
  await redis.set(keys.audit, 'foreign');
  await expect(store.start(AbortSignal.timeout(10_000))).rejects.toThrow(
    'is a string, not a stream of promptq: set another REDIS_PREFIX',
  );
});

test('a value of another kind under the key of the version is refused at start', async () => {
  const store = await openTestStore();
  const { redis, keys } = store.context;
  await redis.del(keys.version);
  await redis.rpush(keys.version, 'foreign');
  await expect(store.start(AbortSignal.timeout(10_000))).rejects.toThrow(
    'is a list, not a string of promptq: set another REDIS_PREFIX',
  );
});
