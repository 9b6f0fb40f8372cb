import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import { startApi, type Service } from '#support/processes.ts';
import { countJobsWith, submitWithKey } from '#support/idempotency.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { startTcpProxy } from '#support/tcp-proxy.ts';
import { until } from '#support/until.ts';

const dayMs = 86_400_000;

let stack: Stack;
let other: Service & { url: string };
beforeAll(async () => {
  stack = await startStack();
  other = await startApi(stack.environment);
  await stack.worker({ WORKER_CONCURRENCY: '20' });
});
afterAll(async () => {
  await other.kill('SIGKILL');
  await stack.close();
});

const submit = (key: string, body: object, url = stack.api.url) => submitWithKey(url, key, body);
const jobsWith = (text: string) => countJobsWith(stack, text);
const chat = (message: string, more: object = {}) => ({
  type: 'chat',
  input: { message },
  ...more,
});
const later = { delay_seconds: 3_600 };
let keys = 0;
const newKey = () => `key ${(keys += 1)}`;

test('the same key and body give the same job, whatever its status', async () => {
  const key = newKey();
  const first = await submit(key, chat('same'));
  expect(first).toMatchObject({ status: 202, replayed: null });
  const { id } = first.body;
  expect(await submit(key, chat('same'), other.url)).toMatchObject({
    replayed: 'true',
    body: { id },
  });
  const finished = await stack.finished(id);
  const replay = await submit(key, chat('same'));
  expect(replay).toEqual({ status: 200, replayed: 'true', body: finished });

  const held = newKey();
  const waiting = await submit(held, chat('same later', later));
  expect(await submit(held, chat('same later', later))).toEqual({ ...waiting, replayed: 'true' });
  const cancelled = await stack.request(`/v1/jobs/${waiting.body.id}/cancel`, { method: 'POST' });
  expect(cancelled.status).toBe(200);
  await stack.finished(waiting.body.id);
  const afterwards = await submit(held, chat('same later', later));
  expect(afterwards).toMatchObject({ status: 200, body: { status: 'cancelled' } });
});

test('how a body is written means nothing, what it says does', async () => {
  const key = newKey();
  const { body } = await submit(key, chat('written', { ...later, metadata: { a: '1', b: '2' } }));
  const otherwise = {
    metadata: { b: '2', a: '1' },
    user_id: 'anonymous',
    delay_seconds: 3_600,
    input: { temperature: 0, message: 'written' },
    type: 'chat',
  };
  expect(await submit(`"${key}"`, otherwise, other.url)).toMatchObject({
    status: 202,
    replayed: 'true',
    body: { id: body.id },
  });
  for (const another of [
    chat('written', later),
    chat('Written', { ...later, metadata: { a: '1', b: '2' } }),
    { type: 'analysis', input: { text: 'written' }, ...later, metadata: { a: '1', b: '2' } },
  ]) {
    const refused = await submit(key, another, other.url);
    expect(refused).toMatchObject({ status: 422, replayed: null });
    expect(refused.body.code).toBe('idempotency_key_reused');
  }
  expect(await jobsWith('ritten')).toBe(1);
});

test('any interleaving through two APIs gives one job, one call and the right answer to each', async () => {
  let run = 0;
  const bodies = (name: string) => [
    chat(name),
    chat(name, { user_id: 'u' }),
    { type: 'analysis', input: { text: name, tasks: ['sentiment'] } },
  ];
  const submissions = fc.array(
    fc.record({ key: fc.nat(1), body: fc.nat(2), api: fc.nat(1), waitMs: fc.nat(6) }),
    { minLength: 2, maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(submissions, async (list) => {
      const name = `run-${(run += 1)}`;
      const answers = await Promise.all(
        list.map(async ({ key, body, api, waitMs }) => {
          await new Promise((resolve) => setTimeout(resolve, waitMs));
          const submission = bodies(`${name}-${key}.`)[body] as object;
          const url = [stack.api.url, other.url][api];
          return { key, body, answer: await submit(`${name}-${key}`, submission, url) };
        }),
      );
      for (const sameKey of Map.groupBy(answers, ({ key }) => key).values()) {
        const taken = sameKey.filter(({ answer }) => answer.status !== 422);
        const [first] = taken;
        expect(taken.filter(({ answer }) => answer.replayed === null).length).toBe(1);
        expect(new Set(taken.map(({ answer }) => answer.body.id)).size).toBe(1);
        expect(new Set(taken.map(({ body }) => body)).size).toBe(1);
        for (const { body, answer } of sameKey)
          expect(answer.status === 422).toBe(body !== first?.body);
        const { id } = (first as (typeof taken)[number]).answer.body;
        expect((await stack.finished(id)).status).toBe('completed');
        const text = `${name}-${first?.key}.`;
        expect(await jobsWith(text)).toBe(1);
        const calls = stack.upstream.calls.filter((call) =>
          JSON.stringify(call.body).includes(text),
        );
        expect(calls.length).toBe(1);
      }
    }),
    { numRuns: 40 },
  );
});

test('an answer that was lost on the way is asked for again: one job', async () => {
  const { hostname, port } = new URL(inject('redisUrl'));
  const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  const api = await startApi({
    ...stack.environment,
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
  });
  const key = newKey();
  const sent = submit(newKey(), chat('before the outage', later), api.url);
  expect((await sent).status).toBe(202);
  proxy.swallowAnswers();
  const lost = await submit(key, chat('lost answer', later), api.url);
  expect(lost).toMatchObject({ status: 503, body: { code: 'redis_unavailable' } });
  await until('it was accepted all the same', async () => (await jobsWith('lost answer')) === 1);
  await proxy.up();
  const again = await until('the API has Redis again', async () => {
    const answer = await submit(key, chat('lost answer', later), api.url);
    return answer.status !== 503 && answer;
  });
  expect(again).toMatchObject({ status: 202, replayed: 'true' });
  expect(await jobsWith('lost answer')).toBe(1);
  await api.kill('SIGKILL');
  await proxy.close();
});

test('the key is free when the job is no longer kept, also while it is not removed yet', async () => {
  const key = newKey();
  const { body: old } = await submit(key, chat('kept'));
  await stack.finished(old.id);
  const [record] = await until('its key ends with it', async () => {
    const names = await stack.redis.keys(stack.keys.idempotency('*'));
    const held = await Promise.all(names.map((name) => stack.redis.get(name)));
    const name = names[held.indexOf(`chat.default:${old.id}`)] as string;
    return (await stack.redis.ttl(name)) <= dayMs / 1_000 && [name];
  });
  await stack.redis.hset(stack.keys.job('chat', old.id), 'finishedOn', Date.now() - dayMs - 1_000);
  expect((await stack.request(`/v1/jobs/${old.id}`)).status).toBe(404);
  const next = await submit(key, chat('another'));
  expect(next).toMatchObject({ status: 202, replayed: null });
  expect(next.body.id).not.toBe(old.id);
  expect(await stack.redis.get(record)).toBe(`chat.default:${next.body.id}`);
  expect(await submit(key, chat('another'))).toMatchObject({ replayed: 'true' });

  // One that waited for longer than it may is finished when it is looked at. It is kept from then on.
  const late = newKey();
  const { body: never } = await submit(late, chat('never started', later));
  const madeAtMs = Date.now() - 3 * dayMs;
  await stack.redis.hset(stack.keys.job('chat', never.id), 'timestamp', madeAtMs);
  expect((await submit(late, chat('never started', later))).body.id).toBe(never.id);
  expect((await stack.get(never.id)).status).toBe('expired');
  expect(await submit(late, chat('never started', later))).toMatchObject({
    status: 200,
    replayed: 'true',
    body: { id: never.id, status: 'expired' },
  });
  const endedAt = Date.now() - dayMs - 1_000;
  await stack.redis.hset(stack.keys.job('chat', never.id), 'finishedOn', endedAt);
  expect((await stack.request(`/v1/jobs/${never.id}`)).status).toBe(404);
  expect(await submit(late, chat('now', later))).toMatchObject({ status: 202, replayed: null });
});

test('a retry is a job without the key of the first', async () => {
  const key = newKey();
  const { body } = await submit(key, chat('to be retried', later));
  await stack.request(`/v1/jobs/${body.id}/cancel`, { method: 'POST' });
  const response = await stack.request(`/v1/jobs/${body.id}/retry`, { method: 'POST' });
  const retried = (await response.json()) as PublicJob;
  await stack.finished(retried.id);
  expect(await stack.redis.hget(stack.keys.job('chat', retried.id), 'data')).not.toContain(
    'finger',
  );
  expect((await submit(key, chat('to be retried', later))).body.id).toBe(body.id);
});

test('keys go on working when Redis has forgotten its scripts', async () => {
  expect((await submit(newKey(), chat('known', later))).status).toBe(202);
  await stack.redis.script('FLUSH');
  const key = newKey();
  const answer = await until('the scripts are back', async () => {
    const tried = await submit(key, chat('forgotten', later));
    return tried.status !== 503 && tried;
  });
  expect(answer.status).toBe(202);
  expect(await jobsWith('forgotten')).toBe(1);
});
