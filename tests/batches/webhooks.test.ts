import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublicBatch } from '@promptq/shared/contracts';
import { problemOf } from '#support/problem.ts';
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

function create(body: object): Promise<Response> {
  return stack.request('/v1/batches', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const requestsOf = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, n) => ({
    custom_id: `n-${n}`,
    type: 'chat',
    input: { message: 'hi' },
    ...more,
  }));

test('the end of a batch sends one webhook, and so do its jobs that asked for it', async () => {
  await Promise.all([stack.worker(), stack.worker()]);
  const answer = await create({
    requests: [...requestsOf(5), { ...requestsOf(6)[5], webhook: { url: receiver.url } }],
    metadata: { order: '42' },
    webhook: { url: receiver.url },
  });
  expect(answer.status).toBe(202);
  const { id } = (await answer.json()) as PublicBatch;
  const batchEvents = () =>
    receiver.received.filter(({ event }) => event.data['object'] === 'batch');
  await until(
    'both are received',
    () => receiver.received.length === 2 && batchEvents().length === 1,
  );
  const [received] = batchEvents();
  expect(received?.id).toBe(`evt_${id}`);
  expect(received?.event).toEqual({
    id: `evt_${id}`,
    object: 'event',
    type: 'batch.completed',
    created_at: expect.any(Number),
    data: {
      id,
      object: 'batch',
      status: 'completed',
      request_counts: expect.objectContaining({ total: 6, completed: 6, queued: 0 }),
      metadata: { order: '42' },
    },
  });
});

test('a batch as JSON lines names its webhook in the query; a cancelled one is reported as such', async () => {
  const lines = requestsOf(3)
    .map((request) => JSON.stringify(request))
    .join('\n');
  const query = new URLSearchParams({ webhook: receiver.url });
  const answer = await stack.request(`/v1/batches?${query.toString()}`, {
    method: 'POST',
    headers: { 'content-type': 'application/jsonl' },
    body: lines,
  });
  const { id } = (await answer.json()) as PublicBatch;
  await stack.request(`/v1/batches/${id}/cancel`, { method: 'POST' });
  await stack.worker();
  await until('it is received', () => receiver.received.length === 1);
  expect(receiver.received[0]?.event).toMatchObject({
    type: 'batch.cancelled',
    data: { id, request_counts: { cancelled: 3 } },
  });
});

test('a webhook that could never be sent is refused with the whole batch', async () => {
  const forbidden = { url: 'https://169.254.169.254/' };
  const whole = await create({ requests: requestsOf(1), webhook: forbidden });
  expect(whole.status).toBe(403);
  expect((await problemOf(whole)).errors[0]?.pointer).toBe('/webhook/url');
  const one = await create({
    requests: [...requestsOf(1), { ...requestsOf(2)[1], webhook: forbidden }],
  });
  expect(one.status).toBe(400);
  expect((await problemOf(one)).errors[0]?.pointer).toBe('/requests/1/webhook/url');
  expect(await stack.redis.exists(stack.keys.prioritized('chat'))).toBe(0);
});
