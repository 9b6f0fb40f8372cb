import { afterEach, expect, test } from 'vitest';
import type { JobRecord } from '@promptq/shared/jobs';
import {
  chatResult,
  chatSpec,
  openObservedStore,
  type ObservedStore,
} from '../testing/observed-store.ts';
import { findJob } from './find.ts';

let opened: ObservedStore;
afterEach(() => opened.close());

async function add(spec = chatSpec()): Promise<JobRecord> {
  const added = await opened.store.jobs.add(spec);
  if (added.kind !== 'added') throw new Error(added.kind);
  return added.job;
}

/** The members of BullMQ's sets of a queue that hold jobs which have not ended. */
async function unfinished(): Promise<string[]> {
  const { redis, keys } = opened;
  const key = (name: string) => keys.queueKey('chat.default', name);
  const lists = await Promise.all(
    ['wait', 'active', 'paused'].map((name) => redis.lrange(key(name), 0, -1)),
  );
  const sets = await Promise.all(
    ['prioritized', 'delayed'].map((name) => redis.zrange(key(name), '0', '-1')),
  );
  return [...lists, ...sets].flat();
}

test('a waiting, a delayed and a paused job are cancelled without a worker, once', async () => {
  opened = await openObservedStore();
  const { store, redis, keys } = opened;
  const jobs = [
    await add(),
    await add(chatSpec({}, 60)),
    await add(chatSpec({ priority: 'high' })),
  ];
  const listed = await add();
  // As BullMQ leaves a job of priority 0: in a list.
  await redis.zrem(keys.queueKey('chat.default', 'prioritized'), listed.id);
  await redis.lpush(keys.queueKey('chat.default', 'wait'), listed.id);
  jobs.push(listed);
  for (const { id } of jobs) {
    const [first, second] = await Promise.all([
      store.jobs.cancel(id, 'default'),
      store.jobs.cancel(id, 'default'),
    ]);
    for (const job of [first, second, await store.jobs.cancel(id, 'default')]) {
      expect(job).toMatchObject({
        state: { at: 'failed', failure: { code: 'cancelled', neverStarted: true } },
        data: { cancel_requested_at: expect.any(Number) },
      });
    }
    expect(await store.jobs.find(id, 'default')).toMatchObject({
      state: { failure: { code: 'cancelled' } },
    });
    expect(await redis.exists(`${keys.job('chat.default', id)}:lock`)).toBe(0);
  }
  expect(await unfinished()).toEqual([]);
  const events = await opened.auditEvents();
  expect(events.map(({ type, attempts }) => [type, attempts])).toEqual(
    jobs.map(() => ['job.cancelled', 0]),
  );
  expect(opened.finished).toHaveLength(jobs.length);
});

test('a running job is flagged and its worker is notified', async () => {
  opened = await openObservedStore();
  const { store, redis, keys } = opened;
  const job = await add(chatSpec({ metadata: {} }));
  const notified: string[] = [];
  const subscriber = redis.duplicate();
  subscriber.on('message', (_channel, id: string) => notified.push(id));
  await subscriber.subscribe(keys.cancelChannel);
  const done = Promise.withResolvers<void>();
  opened.worker(async () => {
    await done.promise;
    return chatResult();
  });
  await expect.poll(async () => (await store.jobs.find(job.id, null))?.state.at).toBe('active');
  const cancelled = await store.jobs.cancel(job.id, 'default');
  expect(cancelled?.state).toEqual({ at: 'active' });
  await expect.poll(() => notified).toEqual([job.id]);
  const found = await store.jobs.find(job.id, 'default');
  expect(found?.data.cancel_requested_at).toBe(cancelled?.data.cancel_requested_at);
  expect((await store.jobs.cancel(job.id, 'default'))?.data.cancel_requested_at).toBe(
    found?.data.cancel_requested_at,
  );
  done.resolve();
  subscriber.disconnect();
});

test("another tenant's job, an unknown one and a made-up id are not there", async () => {
  opened = await openObservedStore();
  const { store } = opened;
  const { id } = await add(chatSpec({ tenant: 'acme' }));
  for (const tenant of ['default', 'acm', 'other']) {
    expect(await store.jobs.find(id, tenant)).toBeNull();
    expect(await store.jobs.cancel(id, tenant)).toBeNull();
  }
  expect(await store.jobs.find('chat_01a1fbb51c1a70548f3db1db53cd7ea0', null)).toBeNull();
  expect(await store.jobs.find('nonsense', null)).toBeNull();
  expect(await store.jobs.find(id, null)).toMatchObject({ state: { at: 'waiting' } });
});

test('a waiting job whose time to start is over is expired by the first that reads it', async () => {
  opened = await openObservedStore();
  const { store, auditEvents } = opened;
  const job = await add(chatSpec({ start_within_seconds: 0 }));
  await expect
    .poll(() => store.jobs.find(job.id, 'default'))
    .toMatchObject({
      state: { at: 'failed', failure: { code: 'expired', neverStarted: true } },
    });
  const found = await Promise.all([1, 2, 3].map(() => findJob(opened.context, job.id, 'default')));
  for (const each of found) expect(each?.state).toEqual(found[0]?.state);
  expect(await auditEvents()).toMatchObject([{ type: 'job.expired', attempts: 0 }]);
});

test('a worker that fetches an overdue job finds a mark in its data and nothing is shown as running', async () => {
  opened = await openObservedStore();
  const { store } = opened;
  const job = await add(chatSpec({ start_within_seconds: 0 }));
  const fresh = await add();
  const marks = new Map<string, unknown>();
  const shown: unknown[] = [];
  opened.worker(async ({ id, data }) => {
    marks.set(id as string, (data as { overdue?: unknown }).overdue);
    shown.push((await store.jobs.find(id as string, null))?.state.at);
    return chatResult();
  });
  await expect.poll(() => shown.length, { timeout: 10_000 }).toBe(2);
  expect(marks).toEqual(
    new Map<string, unknown>([
      [job.id, true],
      [fresh.id, undefined],
    ]),
  );
  expect(shown).toEqual(['waiting', 'active']);
});
