import { afterAll, beforeAll, expect, test } from 'vitest';
import { chats, createBatch, getBatch } from '#support/batch.ts';
import { storeOf, type RawStore } from '#support/raw-store.ts';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
let store: RawStore;
beforeAll(async () => {
  stack = await startStack();
  store = await storeOf(stack);
});
afterAll(async () => {
  await store.close();
  await stack.close();
});

test('processes that release at the same time, or with an old record, add each request once', async () => {
  const { batches } = store;
  const record = async () => {
    const found = await batches.readOpen(id);
    if (!found) throw new Error(`batch ${id} is not open`);
    return found;
  };
  const { id } = await createBatch(stack, chats(1_300));
  const old = await record();

  const released = await Promise.all([1, 2, 3].map(() => batches.release(old)));
  expect(released.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(1_000);
  while ((await batches.release(await record())) > 0);
  const prioritized = stack.keys.prioritized('chat');
  const ids = await stack.redis.zrange(prioritized, '0', '-1');
  expect(ids.length, 'the window').toBe(1_000);
  expect(ids.toSorted(), 'in input order').toEqual(ids);
  expect((await record()).released).toBe(1_000);
  expect(await stack.redis.llen(stack.keys.batchWaiting(id))).toBe(300);

  // The first ones have run and were removed; whoever still holds the old record must not add them again.
  const removed = ids.slice(0, 50);
  await stack.redis.del(...removed.map((jobId) => stack.keys.job('chat', jobId)));
  await stack.redis.zrem(prioritized, ...removed);
  expect(await batches.release(old)).toBe(0);
  expect(await stack.redis.exists(...removed.map((jobId) => stack.keys.job('chat', jobId)))).toBe(
    0,
  );

  // One that was read before the batch was cancelled must not release what is not marked as cancelled.
  const before = await record();
  await stack.redis.hset(stack.keys.batch(id), 'left', 1_000);
  await stack.request(`/v1/batches/${id}/cancel`, { method: 'POST' });
  expect(await batches.release({ ...before, left: 1_000 })).toBe(0);
  expect(await batches.release(await record())).toBe(300);
  const batch = await getBatch(stack, id);
  expect(batch.status).toBe('cancelling');
  expect(batch.request_counts.cancelled, 'released after the request: cancelled at once').toBe(300);
  expect((await stack.auditEvents()).map(({ type }) => type)).toEqual(
    Array.from({ length: 300 }, () => 'job.cancelled'),
  );
});
