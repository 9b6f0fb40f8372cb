import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PublicBatch, PublicJob } from '@promptq/shared/contracts';
import { newWebhookSecret } from '@promptq/shared/webhooks';
import { apiKeys, bearer, keyOf, type Key } from '#support/api-keys.ts';
import { storeOf } from '#support/raw-store.ts';
import { startReceiver, type Receiver } from '#support/receiver.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

const mine = keyOf('mine', ['jobs', 'audit']);
const theirs = keyOf('theirs', ['jobs', 'audit']);
const secret = newWebhookSecret();

let stack: Stack;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver(secret);
  stack = await startStack({
    API_KEYS: apiKeys(mine, theirs),
    WEBHOOK_SECRET: secret,
    WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
  });
});
afterAll(async () => {
  await stack.close();
  await receiver.close();
});

function request(
  as: Key,
  path: string,
  method = 'GET',
  body?: object,
  more: Record<string, string> = {},
): Promise<Response> {
  const json = body ? { 'content-type': 'application/json' } : {};
  return stack.request(path, {
    method,
    headers: { ...bearer(as), ...json, ...more },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

const chat = (message: string) => ({ type: 'chat', input: { message } });

async function submit(as: Key, message: string): Promise<PublicJob> {
  const response = await request(as, '/v1/jobs', 'POST', {
    ...chat(message),
    webhook: { url: receiver.url },
  });
  expect(response.status).toBe(202);
  return (await response.json()) as PublicJob;
}

test('no route of the document gives anything of another tenant away', async () => {
  const worker = await stack.worker();
  const job = await submit(theirs, 'SECRET-OF-THEIRS');
  const created = await request(theirs, '/v1/batches', 'POST', {
    requests: [{ custom_id: 'SECRET-NAME', ...chat('SECRET-OF-THEIRS') }],
  });
  const batch = (await created.json()) as PublicBatch;
  await until('all of it has ended', async () => {
    const ended = (await (await request(theirs, `/v1/batches/${batch.id}`)).json()) as PublicBatch;
    return ended.finished_at !== null && receiver.received.length === 1;
  });
  const { paths } = (await (await stack.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, { security?: unknown }>>;
  };
  const ids = [job.id, batch.id, `dlv_${job.id}`, batch.id.replace('batch', 'chat')];
  const since = { since: '2020-01-01T00:00:00Z' };
  let asked = 0;
  for (const [template, methods] of Object.entries(paths)) {
    for (const [method, { security }] of Object.entries(methods)) {
      if (security === undefined) continue;
      for (const id of template.includes('{id}') ? ids : ['']) {
        const path = template.replace('{id}', id);
        const query = path === '/v1/audit' ? `?job_id=${job.id}` : '';
        const body = path === '/v1/deliveries/redeliver' ? since : undefined;
        const response = await request(mine, `${path}${query}`, method.toUpperCase(), body);
        const text = await response.text();
        asked += 1;
        const where = `${method} ${path}`;
        if (template.includes('{id}')) expect(response.status, where).toBe(404);
        expect(text, where).not.toMatch(/SECRET/);
        const isEcho = template.includes('{id}');
        if (!isEcho) expect(text, where).not.toContain(job.id);
      }
    }
  }
  expect(asked).toBeGreaterThan(30);
  expect(receiver.received.length, 'nothing was sent again for somebody else').toBe(1);
  const again = await request(theirs, job.urls.self);
  expect(await again.json()).toMatchObject({ status: 'completed' });
  await worker.kill('SIGTERM');
});

test('the same Idempotency-Key of two tenants gives two jobs', async () => {
  const send = async (as: Key) => {
    const response = await stack.request('/v1/jobs', {
      method: 'POST',
      headers: { ...bearer(as), 'content-type': 'application/json', 'idempotency-key': 'k' },
      body: JSON.stringify(chat('hi')),
    });
    return [
      response.headers.get('idempotency-replayed'),
      ((await response.json()) as PublicJob).id,
    ];
  };
  const [first, other, replay] = [await send(mine), await send(theirs), await send(mine)];
  expect(first[1]).not.toBe(other[1]);
  expect(other[0]).toBeNull();
  expect(replay).toEqual(['true', first[1]]);
});

test('20 jobs behind 500 of another tenant have started after at most 40 more of those', async () => {
  stack.upstream.calls.length = 0;
  const sent: string[] = [];
  const release = Promise.withResolvers<void>();
  stack.upstream.answerWith(async (call) => {
    sent.push(call.body.messages[0]?.content ?? '');
    if (sent.length === 10) await release.promise;
    return 'done';
  });
  const submitAll = (as: Key, name: string, count: number) =>
    Promise.all(Array.from({ length: count }, () => request(as, '/v1/jobs', 'POST', chat(name))));
  await submitAll(theirs, 'a', 500);
  await stack.worker({ WORKER_CONCURRENCY: '1' });
  await until('some of them have started', () => sent.filter((name) => name === 'a').length >= 8);
  await submitAll(mine, 'b', 20);
  const before = sent.length;
  release.resolve();
  await until('all of the second tenant have started', () => {
    return sent.filter((name) => name === 'b').length === 20;
  });
  const between = sent.slice(before, sent.lastIndexOf('b')).filter((name) => name === 'a').length;
  expect(between).toBeLessThanOrEqual(40);
  await until('the others go on', () => sent.filter((name) => name === 'a').length === 500);
});

test('the job of another tenant stays in Redis, so that its size does not show in the time of an answer', async () => {
  const store = await storeOf(stack);
  const alone = await submit(theirs, 'hi');
  const withKey = await request(theirs, '/v1/jobs', 'POST', chat('hi'), { 'idempotency-key': 'o' });
  for (const { id } of [alone, (await withKey.json()) as PublicJob]) {
    expect(await store.jobs.find(id, mine.entry.tenant)).toBeNull();
    expect(await store.jobs.find(id, theirs.entry.tenant)).not.toBeNull();
    // Whoever reads this fails: it is not the data of a job.
    await stack.redis.hset(stack.keys.job('chat', id), 'data', 'unreadable');
    expect(await store.jobs.find(id, mine.entry.tenant)).toBeNull();
    await expect(store.jobs.find(id, theirs.entry.tenant)).rejects.toThrow('Unexpected token');
  }
  await store.close();
});
