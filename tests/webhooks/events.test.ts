import OpenAI from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import type { PublicDelivery, PublicJob } from '@promptq/shared/contracts';
import { newWebhookSecret } from '@promptq/shared/webhooks';
import { deliveriesOf, deliveryOf } from '#support/deliveries.ts';
import { problemOf } from '#support/problem.ts';
import type { Receiver } from '#support/receiver.ts';
import type { Stack } from '#support/stack.ts';
import { sendError } from '#support/upstream.ts';
import { until } from '#support/until.ts';
import { startWebhookStack } from '#support/webhook-stack.ts';

const secret = newWebhookSecret();

let stack: Stack;
let receiver: Receiver;
beforeEach(async () => {
  ({ stack, receiver } = await startWebhookStack(secret));
});
afterEach(() => stack.close());

const chat = (more: object = {}, message = 'hi') =>
  stack.submit({
    type: 'chat',
    input: { message },
    webhook: { url: receiver.url, include_output: true },
    ...more,
  });

const delivery = (jobId: string, status: PublicDelivery['status']) =>
  deliveryOf(stack, jobId, status);

function post(path: string, body?: object): Promise<Response> {
  return stack.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

test('the end of a job sends one webhook, signed as the official libraries verify it', async () => {
  await stack.worker();
  const job = await chat({ metadata: { order: '42' } });
  const { tries, ...rest } = await delivery(job.id, 'delivered');
  const [event] = await stack.auditEvents();
  expect(rest).toMatchObject({
    id: `dlv_${job.id}`,
    object: 'delivery',
    job_id: job.id,
    event_id: `evt_${job.id}`,
    event_type: 'job.completed',
    url: receiver.url,
    next_try_at: null,
  });
  expect(tries).toEqual([
    {
      at: expect.any(String),
      status: 204,
      error: null,
      duration_ms: expect.any(Number),
      answer: null,
    },
  ]);
  expect(receiver.received.length).toBe(1);
  const [{ id, body, headers, event: received }] = receiver.received as [
    (typeof receiver.received)[0],
  ];
  expect(id).toBe(`evt_${job.id}`);
  expect(headers['content-type']).toBe('application/json');
  expect(received).toEqual({
    id,
    object: 'event',
    type: 'job.completed',
    created_at: Math.floor(Date.parse(event?.timestamp ?? '') / 1_000),
    data: {
      id: job.id,
      object: 'job',
      status: 'completed',
      metadata: { order: '42' },
      output: (await stack.get(job.id)).output,
      output_included: true,
    },
  });
  const client = new OpenAI({ apiKey: 'not used', webhookSecret: secret });
  expect(await client.webhooks.unwrap(body, headers)).toEqual(received);
});

test('a failed, a cancelled and an expired job send a webhook as well, without output; one that asks for nothing sends none', async () => {
  stack.upstream.answerWith((call, res) =>
    call.body.messages[0]?.content === 'bad' ? sendError(res, 400, 'bad') : 'x'.repeat(300_000),
  );
  const failed = await chat({}, 'bad');
  const cancelled = await chat();
  await post(`/v1/jobs/${cancelled.id}/cancel`);
  const expired = await chat({ start_within_seconds: 1 });
  const silent = await chat({ webhook: undefined });
  const unasked = await chat({ webhook: { url: receiver.url } });
  await until('one is expired', async () => (await stack.get(expired.id)).status === 'expired');
  const large = await chat();
  await stack.worker();
  const jobs = { failed, cancelled, expired, unasked, large };
  for (const job of Object.values(jobs)) await delivery(job.id, 'delivered');
  const dataOf = ({ id }: PublicJob) =>
    receiver.received.filter(({ event }) => event.data['id'] === id).map(({ event }) => event);
  for (const name of ['failed', 'cancelled', 'expired'] as const) {
    expect(dataOf(jobs[name]), name).toMatchObject([
      { type: `job.${name}`, data: { status: name, output: null, output_included: false } },
    ]);
  }
  for (const job of [unasked, large]) {
    expect(dataOf(job)).toMatchObject([
      { type: 'job.completed', data: { output: null, output_included: false } },
    ]);
  }
  await stack.finished(silent.id);
  expect(await deliveriesOf(stack, silent.id)).toEqual([]);
  expect(receiver.received.length).toBe(5);
});

test('while a secret is rotated, both verify', async () => {
  const next = newWebhookSecret();
  await stack.worker({ WEBHOOK_SECRET: `${next},${secret}` });
  const { id } = await chat();
  await delivery(id, 'delivered');
  const [{ body, headers }] = receiver.received as [(typeof receiver.received)[0]];
  for (const one of [secret, next]) {
    expect(new Webhook(one).verify(body, headers)).toMatchObject({ type: 'job.completed' });
    const client = new OpenAI({ apiKey: 'not used', webhookSecret: one });
    expect(await client.webhooks.unwrap(body, headers)).toMatchObject({ type: 'job.completed' });
  }
  expect(() => new Webhook(newWebhookSecret()).verify(body, headers)).toThrow(
    'No matching signature',
  );
});

test('webhooks wait for a worker that can sign them', async () => {
  await stack.worker({ WEBHOOK_SECRET: '' });
  const { id } = await chat();
  await stack.finished(id);
  expect(await delivery(id, 'pending')).toMatchObject({ tries: [] });
  await stack.worker({ WORKER_TYPES: 'webhooks', OPENAI_API_KEY: '', OPENAI_BASE_URL: '' });
  await delivery(id, 'delivered');
});

test('what was given up is kept with its tries, and sent again when asked: one, or all since a moment', async () => {
  const startedAt = new Date().toISOString();
  receiver.answerWith((_, res) => {
    res.writeHead(410).end('gone away');
    return undefined;
  });
  await stack.worker();
  const jobs = await Promise.all([chat(), chat(), chat()]);
  for (const { id } of jobs) {
    const dead = await delivery(id, 'dead');
    expect(dead.tries).toMatchObject([{ status: 410, error: null, answer: 'gone away' }]);
  }
  receiver.answerWith(() => 200);
  const [first] = jobs;
  const again = await post(`/v1/deliveries/dlv_${first.id}/redeliver`);
  expect(again.status).toBe(202);
  expect((await delivery(first.id, 'delivered')).tries).toMatchObject([
    { status: 410 },
    { status: 200 },
  ]);
  const since = (moment: string) => post('/v1/deliveries/redeliver', { since: moment });
  expect(await (await since('2100-01-01T00:00:00Z')).json()).toMatchObject({ redelivered: 0 });
  const all = await since(startedAt);
  expect(all.status).toBe(202);
  expect(await all.json()).toMatchObject({ redelivered: 2, has_more: false });
  for (const { id } of jobs) await delivery(id, 'delivered');
  expect(receiver.received.length).toBe(6);
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(3);

  await post(`/v1/deliveries/dlv_${first.id}/redeliver`);
  await until('one that arrived is sent again', () => receiver.received.length === 7);
  for (const [path, body, code] of [
    ['/v1/deliveries/dlv_chat_1/redeliver', undefined, 'not_found'],
    ['/v1/deliveries/redeliver', { since: 'yesterday' }, 'invalid_request'],
    ['/v1/deliveries/redeliver', {}, 'invalid_request'],
  ] as const) {
    expect((await problemOf(await post(path, body))).code, path).toBe(code);
  }
  expect((await stack.request('/v1/jobs/chat_1/deliveries')).status).toBe(404);
});
