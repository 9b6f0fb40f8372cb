import { expect, test } from 'vitest';
import { createTestBatch, jobOf, recordOf } from '../testing/batches.ts';
import { chatSpec, openTestStore } from '../testing/test-store.ts';

test('requests are released once, however many processes release them', async () => {
  const store = await openTestStore();
  const id = await createTestBatch(store, 250);
  const record = await recordOf(store, id);
  const counts = await Promise.all([1, 2, 3].map(() => store.batches.release(record)));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(250);
  expect(await store.batches.release(record)).toBe(0);
  const { redis, keys } = store.context;
  expect(await redis.zcard(keys.queueKey('chat.default', 'prioritized'))).toBe(250);
  expect(await redis.llen(keys.batchWaiting(id))).toBe(0);
  expect(await recordOf(store, id)).toMatchObject({ released: 250, left: 250 });
});

test('at most a window of a batch is released, and what finishes makes room', async () => {
  const store = await openTestStore();
  const id = await createTestBatch(store, 1_100);
  expect(await store.batches.release(await recordOf(store, id))).toBe(1_000);
  expect(await store.batches.release(await recordOf(store, id))).toBe(0);
  await store.jobs.cancel(jobOf(store, id, 0), null);
  expect(await store.batches.release(await recordOf(store, id))).toBe(1);
});

test('the times of a request count from the creation of its batch', async () => {
  const store = await openTestStore();
  const spec = { ...chatSpec({ start_within_seconds: 100 }), delaySeconds: 50 };
  const id = await createTestBatch(store, 1, { spec });
  const record = await recordOf(store, id);
  await store.batches.release({ ...record, created_at: record.created_at - 60_000 });
  const job = await store.jobs.find(jobOf(store, id, 0), null);
  expect(job?.state).toEqual({ at: 'waiting' });
  const expected = record.created_at - 60_000 + 150_000;
  expect(job?.startByMs).toBeGreaterThanOrEqual(expected);
  expect(job?.data.start_within_seconds).toBeLessThanOrEqual(90);
});
