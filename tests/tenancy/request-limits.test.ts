import { afterEach, expect, test } from 'vitest';
import { apiKeys, bearer, keyOf, type Key } from '#support/api-keys.ts';
import { chatBody, problemOf } from '#support/problem.ts';
import { startApi } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
afterEach(() => stack.close());

const acme = keyOf('acme', ['jobs']);
const other = keyOf('other', ['jobs']);

function submit(url: string, as: Key | null, more: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(as ? bearer(as) : {}), ...more },
    body: chatBody({ message: 'hi' }),
  });
}

test('twice the requests from three API processes at once: the limit is let through, and no more', async () => {
  stack = await startStack({ API_KEYS: apiKeys(acme, other), REQUESTS_PER_MINUTE: '100' });
  const more = await Promise.all([startApi(stack.environment), startApi(stack.environment)]);
  const urls = [stack.api.url, ...more.map(({ url }) => url)];
  const known = { 'idempotency-key': 'k' };
  expect((await submit(stack.api.url, acme, known)).status).toBe(202);
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => submit(urls[n % 3] as string, acme)),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 202).length).toBe(99);
  expect(statuses.filter((status) => status === 429).length).toBe(101);
  const refused = answers.find(({ status }) => status === 429) as Response;
  expect(refused.headers.get('ratelimit-policy')).toBe('"requests";q=100;w=60');
  expect(refused.headers.get('ratelimit')).toMatch(/^"requests";r=0;t=\d{1,2}$/);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await problemOf(refused)).code).toBe('rate_limited');

  const replay = await submit(stack.api.url, acme, known);
  expect(replay.status, 'what was accepted is answered all the same').toBe(202);
  expect(replay.headers.get('idempotency-replayed')).toBe('true');
  expect((await submit(stack.api.url, other)).status, 'another key has its own').toBe(202);
  const through = await stack.request('/v1/jobs/chat_1', { headers: bearer(acme) });
  expect(through.status, 'reading counts as well').toBe(429);
  await Promise.all(more.map((api) => api.kill('SIGKILL')));
});

test('a full queue takes no more jobs of its type, and goes on when there is room', async () => {
  stack = await startStack({ MAX_WAITING_JOBS: '10' });
  const { url } = stack.api;
  const known = { 'idempotency-key': 'k' };
  expect((await submit(url, null, known)).status).toBe(202);
  for (let n = 1; n < 10; n += 1) expect((await submit(url, null)).status).toBe(202);
  const refused = await stack.request('/v1/jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: chatBody({ message: 'hi' }),
  });
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).not.toBeNull();
  expect(refused.headers.get('ratelimit-policy')).toBe('"waiting";q=10');
  expect(refused.headers.get('ratelimit')).toMatch(/^"waiting";r=0;t=\d+$/);
  expect((await problemOf(refused)).code).toBe('queue_full');
  expect((await submit(url, null, { 'idempotency-key': 'new' })).status).toBe(429);
  expect((await submit(url, null, known)).headers.get('idempotency-replayed')).toBe('true');
  const analysis = JSON.stringify({ type: 'analysis', input: { text: 'hi' } });
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: analysis };
  const accepted = await stack.request('/v1/jobs', init);
  expect(accepted.status, 'the other type has its own').toBe(202);
  const { id } = (await accepted.json()) as { id: string };
  await stack.worker();
  await stack.finished(id);
  await until('there is room', async () => (await submit(url, null)).status === 202);
});
