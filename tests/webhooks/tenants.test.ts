import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublicBatch, PublicDelivery, PublicJob } from '@promptq/shared/contracts';
import { newWebhookSecret } from '@promptq/shared/webhooks';
import { freePort } from '#scripts/processes/free-port.ts';
import { apiKeys, bearer, keyOf, type Key } from '#support/api-keys.ts';
import { scrape } from '#support/metrics.ts';
import { json, problemOf } from '#support/problem.ts';
import { startApi, type Service } from '#support/processes.ts';
import { startReceiver, type Receiver } from '#support/receiver.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

const acme = keyOf('acme-eu', ['jobs']);
const other = keyOf('other', ['jobs']);
const [own, common] = [newWebhookSecret(), newWebhookSecret()];
const shared = { WEBHOOK_SECRET: common };
const both = { ...shared, WEBHOOK_SECRET_ACME_EU: own };

/** Take what is signed with one of the secrets, and nothing else. */
let trusts: { own: Receiver; common: Receiver };
let stack: Stack;
const more: Service[] = [];
beforeEach(async () => {
  trusts = { own: await startReceiver(own), common: await startReceiver(common) };
});
afterEach(async () => {
  await Promise.all(more.splice(0).map((api) => api.kill('SIGKILL')));
  await stack.close();
  await trusts.own.close();
  await trusts.common.close();
});

const start = (secrets: Record<string, string>) =>
  startStack({ API_KEYS: apiKeys(acme, other), WEBHOOK_ALLOWED_HOSTS: '127.0.0.1', ...secrets });

async function anotherApi(secrets: Record<string, string>): Promise<string> {
  const api = await startApi({ ...stack.environment, ...secrets });
  more.push(api);
  return api.url;
}

const post = (as: Key, path: string, body: object, url = stack.api.url) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { ...bearer(as), ...json },
    body: JSON.stringify(body),
  });

const chat = (receiver?: Receiver) => ({
  type: 'chat',
  input: { message: 'hi' },
  ...(receiver ? { webhook: { url: receiver.url } } : {}),
});

async function submit(as: Key, receiver: Receiver, url?: string): Promise<string> {
  const response = await post(as, '/v1/jobs', chat(receiver), url);
  expect(response.status).toBe(202);
  return ((await response.json()) as PublicJob).id;
}

/** A batch of one job; both send a webhook. */
async function submitBatch(as: Key, receiver: Receiver): Promise<string> {
  const requests = [{ custom_id: 'a', ...chat(receiver) }];
  const response = await post(as, '/v1/batches', { requests, webhook: { url: receiver.url } });
  expect(response.status).toBe(202);
  return ((await response.json()) as PublicBatch).id;
}

async function deliveryOf(as: Key, jobId: string): Promise<PublicDelivery | undefined> {
  const headers = bearer(as);
  const response = await stack.request(`/v1/jobs/${jobId}/deliveries`, { headers });
  return ((await response.json()) as { data: PublicDelivery[] }).data[0];
}

const delivered = (as: Key, jobId: string) =>
  until(`${jobId} is delivered`, async () => {
    const delivery = await deliveryOf(as, jobId);
    // A receiver that does not trust the signature answers 401.
    expect(delivery?.tries.find(({ status }) => status === 401)).toBeUndefined();
    return delivery?.status === 'delivered';
  });

function doesNotVerify(receiver: Receiver, secret: string): void {
  for (const { body, headers } of receiver.received)
    expect(() => new Webhook(secret).verify(body, headers)).toThrow('No matching signature');
}

test('a tenant with a secret of its own is signed for with that alone, others with the common one: jobs and batches', async () => {
  const previous = newWebhookSecret();
  const secrets = { ...both, WEBHOOK_SECRET_ACME_EU: `${previous},${own}` };
  stack = await start(secrets);
  const worker = await stack.worker();
  const batches = [await submitBatch(acme, trusts.own), await submitBatch(other, trusts.common)];
  await delivered(acme, await submit(acme, trusts.own));
  await delivered(other, await submit(other, trusts.common));
  for (const receiver of Object.values(trusts))
    await until(
      'the webhooks of the job, the batch and its job are received',
      () => receiver.received.length === 3,
    );
  for (const [at, receiver] of Object.values(trusts).entries())
    expect(receiver.received.map(({ event }) => event.data['id'])).toContain(batches[at]);
  doesNotVerify(trusts.own, common);
  doesNotVerify(trusts.common, own);
  const [{ body, headers }] = trusts.own.received as [Receiver['received'][0]];
  expect(new Webhook(previous).verify(body, headers), 'while it is rotated').toBeTruthy();
  for (const { log, text } of [stack.api, worker])
    for (const secret of [own, common, previous])
      expect(JSON.stringify(log) + text.join()).not.toContain(secret);
});

test('a worker that lacks the secret of a tenant leaves its webhooks to one that has it, and says so', async () => {
  stack = await start(both);
  const port = await freePort();
  const lacking = await stack.worker({
    WEBHOOK_SECRET_ACME_EU: '',
    HEALTH_PORT: String(port),
  });
  const id = await submit(acme, trusts.own);
  const line = await until('it is logged', () =>
    lacking.log.find(({ msg }) => msg.includes('wait for a worker that can sign them')),
  );
  expect(line).toMatchObject({ level: 40, setting: 'WEBHOOK_SECRET_ACME_EU' });
  await delivered(other, await submit(other, trusts.common));
  const waiting = await until('it waits', async () => {
    const delivery = await deliveryOf(acme, id);
    return delivery?.next_try_at && delivery;
  });
  expect(waiting).toMatchObject({ status: 'pending', tries: [] });
  const batchId = await submitBatch(acme, trusts.own);
  const unsigned = async () =>
    /outcome="unsigned"\} (\d+)/.exec((await scrape(`http://127.0.0.1:${port}`)).text)?.[1];
  await until('the batch and its job wait as well', async () => (await unsigned()) === '3');
  expect(trusts.own.received).toEqual([]);
  await lacking.kill('SIGTERM');
  await stack.worker();
  for (const waits of [id, batchId]) {
    const again = await post(acme, `/v1/deliveries/dlv_${waits}/redeliver`, {});
    expect(again.status).toBe(202);
  }
  await until('both are received', () => trusts.own.received.length === 2);
  await delivered(acme, id);
});

test('a secret that a tenant gets later signs what was accepted before, and a retry is for it alone', async () => {
  stack = await start(shared);
  const id = await submit(acme, trusts.own);
  const headers = bearer(acme);
  await stack.request(`/v1/jobs/${id}/cancel`, { method: 'POST', headers });
  const later = await anotherApi(both);
  const retried = await fetch(`${later}/v1/jobs/${id}/retry`, { method: 'POST', headers });
  const { id: again } = (await retried.json()) as PublicJob;
  const dataOf = (jobId: string) => stack.redis.hget(stack.keys.job('chat', jobId), 'data');
  expect(await dataOf(id)).not.toContain('own_secret');
  expect(await dataOf(again)).toContain('"own_secret":true');
  await stack.worker(both);
  await delivered(acme, id);
  await delivered(acme, again);
  doesNotVerify(trusts.own, common);
});

test('a tenant with neither has no webhooks; a sender may have the secrets of tenants alone', async () => {
  const { WEBHOOK_SECRET_ACME_EU } = both;
  stack = await start({ WEBHOOK_SECRET_ACME_EU });
  const refused = await post(other, '/v1/jobs', chat(trusts.common));
  expect(refused.status).toBe(400);
  expect((await problemOf(refused)).errors).toEqual([
    { pointer: '/webhook', detail: expect.stringContaining('set WEBHOOK_SECRET') },
  ]);
  const webhook = { url: trusts.common.url };
  const whole = { requests: [{ custom_id: 'a', ...chat() }], webhook };
  const one = { requests: [{ custom_id: 'a', ...chat(trusts.common) }] };
  for (const body of [whole, one])
    expect((await post(other, '/v1/batches', body)).status).toBe(400);

  const waits = await submit(other, trusts.common, await anotherApi(both));
  const id = await submit(acme, trusts.own);
  await stack.worker({ WORKER_TYPES: 'chat,analysis' });
  const sender = await stack.worker({
    WORKER_TYPES: 'webhooks',
    OPENAI_API_KEY: '',
    OPENAI_BASE_URL: '',
  });
  await delivered(acme, id);
  const line = await until('it is logged', () =>
    sender.log.find(({ msg }) => msg.includes('wait for a worker that can sign them')),
  );
  expect(line['setting']).toBe('WEBHOOK_SECRET');
  expect(await deliveryOf(other, waits)).toMatchObject({ status: 'pending', tries: [] });
});
