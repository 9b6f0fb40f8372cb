import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readBatchRecord } from '@promptq/shared/batches';
import { openQueue } from '@promptq/shared/queues';
import { releaseRequests } from '#packages/worker/src/batches/release-requests.ts';
import { chats, createBatch, getBatch } from '#support/batch.ts';
import { startStack, type Stack } from '#support/stack.ts';

let stack: Stack;
let connection: Redis;
beforeAll(async () => {
  stack = await startStack();
  connection = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
});
afterAll(async () => {
  connection.disconnect();
  await stack.close();
});

test('feeders that are at it at the same time, or with an old record, add each request once', async () => {
  const queues = {
    chat: openQueue(connection, stack.prefix, 'chat'),
    analysis: openQueue(connection, stack.prefix, 'analysis'),
  };
  await Promise.all([queues.chat.waitUntilReady(), queues.analysis.waitUntilReady()]);
  const feeding = { redis: connection, keys: stack.keys, queues };
  const { id } = await createBatch(stack, chats(1_300));
  const record = async () => readBatchRecord(id, await stack.redis.hgetall(stack.keys.batch(id)));
  const old = await record();

  const released = await Promise.all([1, 2, 3].map(() => releaseRequests(feeding, old)));
  expect(released.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(1_000);
  while ((await releaseRequests(feeding, await record())) > 0);
  const prioritized = stack.keys.prioritized('chat');
  const ids = await stack.redis.zrange(prioritized, '0', '-1');
  expect(ids.length, 'the window').toBe(1_000);
  expect(ids.toSorted(), 'in input order').toEqual(ids);
  expect((await record()).released).toBe(1_000);
  expect(await stack.redis.llen(stack.keys.batchWaiting(id))).toBe(300);

  // The first ones have run and are gone; whoever still holds the old record must not add them again.
  const gone = ids.slice(0, 50);
  await stack.redis.del(...gone.map((jobId) => stack.keys.job('chat', jobId)));
  await stack.redis.zrem(prioritized, ...gone);
  expect(await releaseRequests(feeding, old)).toBe(0);
  expect(await stack.redis.exists(...gone.map((jobId) => stack.keys.job('chat', jobId)))).toBe(0);

  // One that was read before the batch was cancelled must not release what is not marked as cancelled.
  const before = await record();
  await stack.redis.hset(stack.keys.batch(id), 'left', 1_000);
  await stack.request(`/v1/batches/${id}/cancel`, { method: 'POST' });
  expect(await releaseRequests(feeding, { ...before, left: 1_000 })).toBe(0);
  expect(await releaseRequests(feeding, await record())).toBe(300);
  const last = (await stack.redis.zrange(prioritized, '-1', '-1'))[0] as string;
  const data = await stack.redis.hget(stack.keys.job('chat', last), 'data');
  expect(data?.startsWith('{"cancel_requested_at":')).toBe(true);
  expect((await getBatch(stack, id)).status).toBe('cancelling');
  await Promise.all([queues.chat.close(), queues.analysis.close()]);
});
