import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newWebhookSecret } from '@promptq/shared/webhooks';
import { chats, createBatch, endedBatch, resultsOf } from '#support/batch.ts';
import { deliveryOf } from '#support/deliveries.ts';
import { followEvents } from '#support/event-reader.ts';
import { submitWithKey } from '#support/idempotency.ts';
import { startOwnRedis, type OwnRedis } from '#support/own-redis.ts';
import { openRawStore, silentLog } from '#support/raw-store.ts';
import { startReceiver, type Receiver } from '#support/receiver.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

const prefix = '{least}';
const secret = newWebhookSecret();

let server: OwnRedis;
let operator: Redis;
let url: string;
let receiver: Receiver;
let stack: Stack;
beforeAll(async () => {
  server = await startOwnRedis();
  operator = new Redis(server.url);
  const password = randomBytes(16).toString('hex');
  // As docs/operating.md says.
  const rights = `~${prefix}* &${prefix}* +@all -@dangerous +info`.split(' ');
  await operator.call('ACL', 'SETUSER', 'promptq', 'on', `>${password}`, ...rights);
  url = Object.assign(new URL(server.url), { username: 'promptq', password }).href;
  receiver = await startReceiver(secret);
  stack = await startStack(
    {
      REDIS_URL: url,
      REDIS_PREFIX: prefix,
      WEBHOOK_SECRET: secret,
      WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
      MAX_WAITING_JOBS_PER_TENANT: '1000',
      REQUESTS_PER_MINUTE: '100000',
      QUEUE_BOARD: 'true',
    },
    server.url,
  );
  await stack.worker({
    UPSTREAM_RPM: '100000',
    UPSTREAM_TPM: '100000',
    UPSTREAM_CIRCUIT_FAILURES: '5',
  });
});
afterAll(async () => {
  await stack.close();
  await receiver.close();
  operator.disconnect();
  await server.stop();
});

/** The commands that Redis has denied, to any user. */
const deniedCommands = async () => (await operator.call('ACL', 'LOG')) as unknown[];

test('a Redis user with least rights sees a job through its life', async () => {
  const webhook = { url: receiver.url };
  const body = { type: 'chat', input: { message: 'x' }, webhook };
  const { id } = (await submitWithKey(stack.api.url, 'k', body)).body;
  expect((await stack.finished(id)).status).toBe('completed');
  expect((await submitWithKey(stack.api.url, 'k', body)).replayed).toBe('true');
  expect((await deliveryOf(stack, id, 'delivered')).event_type).toBe('job.completed');
  const analysis = await stack.submit({ type: 'analysis', input: { texts: ['a', 'b'] } });
  expect((await stack.finished(analysis.id)).status).toBe('completed');

  const delayed = await stack.submit({ ...body, delay_seconds: 3_600 });
  const cancelled = await stack.request(`/v1/jobs/${delayed.id}/cancel`, { method: 'POST' });
  expect(await cancelled.json()).toMatchObject({ status: 'cancelled' });
  const release = Promise.withResolvers<string>();
  stack.upstream.answerWith(() => release.promise);
  const running = await stack.submit({ type: 'chat', input: { message: 'held' } });
  const reader = await followEvents(stack.api.url, running.id);
  const waiting = fetch(`${stack.api.url}/v1/jobs/${running.id}?wait=60`);
  await until('it is called', () => stack.upstream.calls.length > 7);
  await stack.request(`/v1/jobs/${running.id}/cancel`, { method: 'POST' });
  expect((await stack.finished(running.id)).status).toBe('cancelled');
  expect(await (await waiting).json()).toMatchObject({ id: running.id });
  await reader.untilEvent('job.cancelled');
  stack.upstream.answerWith(() => 'done');
  await stack.request(`/v1/jobs/${running.id}/retry`, { method: 'POST' });
  for (const path of ['/v1/jobs', '/v1/audit', `/v1/audit?job_id=${id}`, '/readyz'])
    expect((await stack.request(path)).status, path).toBe(200);
  expect(await deniedCommands()).toEqual([]);
});

test('and a batch, and what an operator does', async () => {
  const { id } = await createBatch(stack, chats(30));
  expect((await endedBatch(stack, id)).request_counts.completed).toBe(30);
  expect((await resultsOf(stack, id)).length).toBe(30);
  const half = await createBatch(stack, chats(5, { delay_seconds: 3_600 }));
  await stack.request(`/v1/batches/${half.id}/cancel`, { method: 'POST' });
  expect((await endedBatch(stack, half.id)).request_counts.cancelled).toBe(5);
  for (const action of ['pause', 'resume'])
    expect((await stack.request(`/v1/queues/chat/${action}`, { method: 'POST' })).status).toBe(200);
  for (const path of ['/v1/queues', '/metrics', '/admin/queues/api/queues'])
    expect((await fetch(`${stack.api.url}${path}`)).status, path).toBe(200);
  expect(await deniedCommands()).toEqual([]);
});

test('and the sweeps of a worker; what lies outside of the prefix is refused', async () => {
  const store = openRawStore({ url, prefix, log: silentLog });
  await store.start(new AbortController().signal);
  await store.retention.cleanFinished(1);
  await store.retention.sweepIndexes();
  await store.retention.sweepOverdue();
  await store.retention.sweepTenantSlots();
  await store.batches.correctRemoved();
  await store.audit.trim();
  expect(await deniedCommands()).toEqual([]);
  await expect(store.context.redis.get('another')).rejects.toThrow('NOPERM');
  await store.close();
});
