import { afterEach, beforeEach, expect, test } from 'vitest';
import { chats, endedBatch, getBatch, postBatch, resultsOf } from '#support/batch.ts';
import { storeOf } from '#support/raw-store.ts';
import type { Receiver } from '#support/receiver.ts';
import type { Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';
import { startWebhookStack } from '#support/webhook-stack.ts';

let stack: Stack;
let receiver: Receiver;
beforeEach(async () => {
  ({ stack, receiver } = await startWebhookStack());
});
afterEach(() => stack.close());

test('a job that is removed by hand while its batch runs: the batch ends, and the removal is audited', async () => {
  const { redis, keys } = stack;
  await stack.request('/v1/queues/chat/pause', { method: 'POST' });
  await stack.worker();
  const answer = await postBatch(stack, {
    requests: chats(5),
    webhook: { url: receiver.url },
  });
  const { id } = (await answer.json()) as { id: string };
  const ids = await until('its requests are released', async () => {
    const waiting = await redis.zrange(keys.prioritized('chat'), '0', '-1');
    return waiting.length === 5 && waiting;
  });
  const [, removed = ''] = ids;
  await redis.zrem(keys.prioritized('chat'), removed);
  await redis.del(keys.job('chat', removed));
  await stack.request('/v1/queues/chat/resume', { method: 'POST' });
  await until('the others have ended', async () => {
    return (await getBatch(stack, id)).request_counts.completed === 4;
  });
  expect((await getBatch(stack, id)).finished_at).toBeNull();

  const store = await storeOf(stack);
  const counts = await Promise.all([1, 2, 3].map(() => store.batches.correctRemoved()));
  expect(
    counts.reduce((sum, count) => sum + count, 0),
    'counted once',
  ).toBe(1);
  expect(await store.batches.correctRemoved()).toBe(0);
  await store.close();

  const ended = await endedBatch(stack, id);
  expect(ended).toMatchObject({
    status: 'completed',
    request_counts: { total: 5, completed: 4, failed: 1, queued: 0, in_progress: 0 },
  });
  expect((await resultsOf(stack, id))[1]).toMatchObject({
    id: removed,
    custom_id: 'r-1',
    status: 'failed',
    output: null,
    error: { code: 'internal_error' },
  });
  const events = (await stack.auditEvents()).filter(({ job_id }) => job_id !== null);
  expect(events.map(({ job_id }) => String(job_id)).toSorted()).toEqual(ids.toSorted());
  expect(events.find(({ job_id }) => job_id === removed)).toMatchObject({
    type: 'job.removed',
    job_type: 'chat',
    tenant: 'default',
  });
  await until('the webhook of its end is received', () => receiver.received.length > 0);
  expect(receiver.received.map(({ id: eventId }) => eventId)).toEqual([`evt_${id}`]);
});
