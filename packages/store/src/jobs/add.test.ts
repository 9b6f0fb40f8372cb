import { afterEach, expect, inject, test } from 'vitest';
import { indexEntry } from '../job-index/time-index.ts';
import { queueNumberOf, type JobRecord } from '@promptq/shared/jobs';
import { chatSpec, openObservedStore, type ObservedStore } from '../testing/observed-store.ts';
import { monitorRedis } from '../testing/monitor.ts';
import type { Added } from './add.ts';

const limits = { maxWaiting: 3, maxOpenPerTenant: 2, tenantWeights: new Map<string, number>() };
let opened: ObservedStore;
afterEach(() => opened.close());

function jobOf(added: Added): JobRecord {
  if (added.kind === 'refused') throw new Error(`refused: ${added.limit}`);
  return added.job;
}

test('a job is added with its index entries, its slot and its idempotency record in one step', async () => {
  opened = await openObservedStore({ limits });
  const { store, redis, keys } = opened;
  const spec = chatSpec({ tenant: 'acme' });
  const job = jobOf(await store.jobs.add(spec, { scope: 'scope', fingerprint: 'print' }));
  const { bucket, entry } = indexEntry(job.id);
  expect(await store.jobs.find(job.id, 'acme')).toEqual({ ...job, trace: undefined });
  expect(queueNumberOf(job.id)).toBe(Number(await redis.hget(keys.queues, 'chat.default')));
  for (const name of ['all', 'tenant:acme']) {
    expect(await redis.getBuffer(keys.indexBucket(name, bucket))).toEqual(entry);
    expect(await redis.zrange(keys.index(name), '0', '-1')).toEqual([String(bucket)]);
  }
  const startBy = Math.floor(job.startByMs / 10_000);
  expect(await redis.getBuffer(keys.indexBucket('deadline', startBy))).toEqual(entry);
  expect(await redis.smembers(keys.openJobs('acme'))).toEqual([job.id]);
  expect(await redis.get(keys.idempotency('scope'))).toBe(`chat.default:${job.id}`);
});

test('a submission with every feature on is one command', async () => {
  opened = await openObservedStore({ limits });
  const { store, redis, prefix } = opened;
  await store.jobs.add(chatSpec({ tenant: 'other' })); // Sends the script itself.
  const webhook = { url: 'https://example.com/hook', include_output: true };
  const monitor = await monitorRedis(inject('redisUrl'), prefix);
  const spec = chatSpec({ tenant: 'acme', webhook, priority: 'high' }, 5);
  jobOf(await store.jobs.add(spec, { scope: 'scope', fingerprint: 'print' }));
  await redis.get(`${prefix}:end`);
  await expect.poll(() => monitor.commands().at(-1)?.[1]).toBe(`${prefix}:end`);
  monitor.stop();
  expect(monitor.commands().map(([name]) => name)).toEqual(['evalsha', 'get']);
});

test('the same key gives the same job, also when no other one would be added', async () => {
  opened = await openObservedStore({ limits });
  const { store } = opened;
  const key = { scope: 'scope', fingerprint: 'print' };
  const first = jobOf(await store.jobs.add(chatSpec(), key));
  const replays = await Promise.all([1, 2, 3].map(() => store.jobs.add(chatSpec(), key)));
  await store.jobs.add(chatSpec());
  expect(await store.jobs.add(chatSpec())).toEqual({ kind: 'refused', limit: 'tenant' });
  replays.push(await store.jobs.add(chatSpec(), key));
  for (const replay of replays)
    expect(replay).toMatchObject({ kind: 'replayed', job: { id: first.id } });
});

test('a key is free again when its job is no longer kept', async () => {
  opened = await openObservedStore({ limits, resultTtlSeconds: 60 });
  const { store, redis, keys } = opened;
  const key = { scope: 'scope', fingerprint: 'print' };
  const first = jobOf(await store.jobs.add(chatSpec(), key));
  await store.jobs.cancel(first.id, 'default');
  expect(await redis.ttl(keys.idempotency('scope'))).toBeLessThanOrEqual(60);
  expect(await store.jobs.add(chatSpec(), key)).toMatchObject({
    kind: 'replayed',
    job: { id: first.id },
  });
  await redis.hset(keys.job('chat.default', first.id), 'finishedOn', Date.now() - 61_000);
  const second = await store.jobs.add(chatSpec(), key);
  expect(second.kind).toBe('added');
  expect(await store.jobs.find(first.id, 'default')).toBeNull();
});

test('a refused job leaves nothing behind', async () => {
  opened = await openObservedStore({ limits });
  const { store, redis, prefix } = opened;
  await store.jobs.add(chatSpec({ tenant: 'a' }));
  await store.jobs.add(chatSpec({ tenant: 'a' }));
  const before = (await redis.keys(`${prefix}*`)).toSorted();
  const refused = await store.jobs.add(chatSpec({ tenant: 'a' }), { scope: 'k', fingerprint: 'f' });
  expect(refused).toEqual({ kind: 'refused', limit: 'tenant' });
  expect((await redis.keys(`${prefix}*`)).toSorted()).toEqual(before);
  await store.jobs.add(chatSpec({ tenant: 'b' }));
  expect(await store.jobs.add(chatSpec({ tenant: 'b' }))).toEqual({
    kind: 'refused',
    limit: 'queue',
  });
});

test('a slot is free again when its job has ended', async () => {
  opened = await openObservedStore({ limits });
  const { store, redis, keys } = opened;
  const first = jobOf(await store.jobs.add(chatSpec()));
  await store.jobs.add(chatSpec());
  expect((await store.jobs.add(chatSpec())).kind).toBe('refused');
  await store.jobs.cancel(first.id, 'default');
  expect((await store.jobs.add(chatSpec())).kind).toBe('added');
  expect(await redis.scard(keys.openJobs('default'))).toBe(2);
});

test('with fair share, a tenant that comes later is not behind the whole queue of another', async () => {
  opened = await openObservedStore({ limits: { ...limits, maxWaiting: 100, maxOpenPerTenant: 0 } });
  const { store, redis, keys } = opened;
  for (let n = 0; n < 10; n += 1) await store.jobs.add(chatSpec({ tenant: 'busy' }));
  const late = jobOf(await store.jobs.add(chatSpec({ tenant: 'late' })));
  const urgent = jobOf(await store.jobs.add(chatSpec({ tenant: 'busy', priority: 'high' })));
  const order = await redis.zrange(keys.queueKey('chat.default', 'prioritized'), '0', '-1');
  expect(order[0]).toBe(urgent.id);
  expect(order.indexOf(late.id)).toBe(3);
});

test('after SCRIPT FLUSH the next call sends the script again', async () => {
  opened = await openObservedStore({ limits });
  const { store, redis } = opened;
  await store.jobs.add(chatSpec());
  await redis.script('FLUSH');
  expect((await store.jobs.add(chatSpec())).kind).toBe('added');
});
