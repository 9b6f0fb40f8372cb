import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import { newWebhookSecret } from '@promptq/shared/webhooks';
import { monitorRedis } from '#packages/store/src/testing/monitor.ts';
import { apiKeys, bearer, keyOf } from '#support/api-keys.ts';
import { chatBody, json } from '#support/problem.ts';
import { startApi, type Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

const key = keyOf('acme', ['jobs']);

let stack: Stack;
/** Without a limit of requests, which is another command for each of them. */
let unlimited: Service & { url: string };
beforeAll(async () => {
  // Everything that is checked, counted or remembered for a submission.
  stack = await startStack({
    API_KEYS: apiKeys(key, keyOf('other', ['jobs'])),
    MAX_WAITING_JOBS: '1000',
    MAX_WAITING_JOBS_PER_TENANT: '100',
    REQUESTS_PER_MINUTE: '1000',
    TENANT_WEIGHTS: 'acme:4,other:2',
    WEBHOOK_SECRET: newWebhookSecret(),
    WEBHOOK_ALLOWED_HOSTS: '127.0.0.1',
  });
  unlimited = await startApi({ ...stack.environment, REQUESTS_PER_MINUTE: '0' });
  // Redis learns the text of a script when it is first used, and each process when it first needs it.
  const { id } = (await (await submit('first')).json()) as PublicJob;
  await submit('first');
  await requestUnlimited(`/v1/jobs/${id}`);
  await requestUnlimited(`/v1/jobs/${id}/cancel`, 'POST');
  await requestUnlimited(`/v1/jobs/${await startRunning()}/cancel`, 'POST');
});
afterAll(async () => {
  await unlimited.kill('SIGKILL');
  await stack.close();
});

const requestUnlimited = (path: string, method = 'GET') =>
  fetch(`${unlimited.url}${path}`, { method, headers: bearer(key) });

const submit = (idempotencyKey: string) =>
  stack.request('/v1/jobs', {
    method: 'POST',
    headers: { ...bearer(key), ...json, 'idempotency-key': idempotencyKey },
    body: chatBody({ message: 'x' }, { webhook: { url: 'http://127.0.0.1:9/hook' } }),
  });

/** A job that a worker would have: its lock is what tells. */
async function startRunning(): Promise<string> {
  const { redis, keys } = stack;
  const { id } = (await (await submit(`running ${Math.random()}`)).json()) as PublicJob;
  await redis.zrem(keys.prioritized('chat'), id);
  await redis.lpush(keys.active('chat'), id);
  await redis.set(keys.lock('chat', id), 'token', 'PX', 3_600_000);
  await redis.hincrby(keys.job('chat', id), 'ats', 1);
  return id;
}

/** The commands that Redis received while `work` was done, of whatever client. */
async function commandsOf(work: () => Promise<Response>) {
  const monitor = await monitorRedis(inject('redisUrl'), stack.prefix);
  const response = await work();
  const end = `${stack.prefix}:end`;
  await stack.redis.get(end); // It comes after all others in the log of Redis.
  const isEnd = (command: string[]) => command[1] === end;
  await until('all commands are seen', () => monitor.commands().some(isEnd));
  monitor.stop();
  const commands = monitor.commands().filter((command) => !isEnd(command));
  return { response, count: commands.length, text: commands.map((c) => c[0]).join() };
}

test('a submission with every limit, a key and a webhook takes two commands, the first of which is the limit', async () => {
  const { response, count, text } = await commandsOf(() => submit('a'));
  expect(response.status).toBe(202);
  expect(count, text).toBe(2);
  const replay = await commandsOf(() => submit('a'));
  expect(replay.response.headers.get('idempotency-replayed')).toBe('true');
  expect(replay.count, replay.text).toBe(2);
});

test('a look at a job takes one command', async () => {
  const { id } = (await (await submit('b')).json()) as PublicJob;
  const { response, count, text } = await commandsOf(() => requestUnlimited(`/v1/jobs/${id}`));
  expect(response.status).toBe(200);
  expect(count, text).toBe(1);
});

test('a cancellation takes two commands, of a waiting and of a running job', async () => {
  const { id } = (await (await submit('c')).json()) as PublicJob;
  const waiting = await commandsOf(() => requestUnlimited(`/v1/jobs/${id}/cancel`, 'POST'));
  expect(await waiting.response.json()).toMatchObject({ status: 'cancelled' });
  expect(waiting.count, waiting.text).toBe(2);
  const runningId = await startRunning();
  const running = await commandsOf(() => requestUnlimited(`/v1/jobs/${runningId}/cancel`, 'POST'));
  expect(await running.response.json()).toMatchObject({ status: 'in_progress' });
  expect(running.count, running.text).toBe(2);
});
