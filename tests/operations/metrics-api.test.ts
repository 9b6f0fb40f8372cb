import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { startApi } from '#support/processes.ts';
import { scrape } from '#support/metrics.ts';
import { openQueue } from '#support/queue.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { startTcpProxy } from '#support/tcp-proxy.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const chat = (message: string, more: object = {}) =>
  stack.submit({ type: 'chat', input: { message }, ...more });

test('requests count by route template and class of status, jobs by type, problems by code', async () => {
  const { id } = await chat('x');
  await stack.submit({ type: 'analysis', input: { text: 'x' } });
  await stack.get(id);
  await stack.request('/v1/jobs/chat_nothing');
  await stack.request('/v1/jobs', {
    method: 'POST',
    body: '{',
    headers: { 'content-type': 'application/json' },
  });
  await fetch(`${stack.api.url}/made-up/"} 1?x=%0Aup 1`);
  await fetch(`${stack.api.url}/v1/jobs`, { method: 'DELETE' });
  const seen = await scrape(stack.api.url);
  const requests = 'promptq_http_request_duration_seconds_count';
  expect(seen.sum(requests, { method: 'POST', route: '/v1/jobs', status_class: '2xx' })).toBe(2);
  expect(seen.sum(requests, { method: 'POST', route: '/v1/jobs', status_class: '4xx' })).toBe(1);
  expect(seen.sum(requests, { method: 'GET', route: '/v1/jobs/{id}', status_class: '2xx' })).toBe(
    1,
  );
  expect(seen.sum(requests, { method: 'GET', route: '/v1/jobs/{id}', status_class: '4xx' })).toBe(
    1,
  );
  expect(seen.sum(requests, { method: 'GET', route: 'other' })).toBe(1);
  expect(seen.sum(requests, { method: 'other', status_class: '4xx' })).toBe(1);
  expect(seen.sum('promptq_jobs_submitted_total', { type: 'chat' })).toBe(1);
  expect(seen.sum('promptq_jobs_submitted_total', { type: 'analysis' })).toBe(1);
  const problems = 'promptq_http_problems_total';
  expect(seen.sum(problems, { code: 'not_found' })).toBe(2);
  expect(seen.sum(problems, { code: 'malformed_json' })).toBe(1);
  expect(seen.sum(problems, { code: 'method_not_allowed' })).toBe(1);
  expect(seen.text).not.toContain(id);
  expect(seen.text).not.toContain('made-up');
});

test('the queues: depth by state, the oldest job that waits, what is paused', async () => {
  await chat('normal');
  await chat('first', { priority: 'high' });
  await chat('later', { delay_seconds: 3_600 });
  await stack.submit({ type: 'analysis', input: { text: 'x' }, priority: 'high' });
  const depth = 'promptq_queue_jobs';
  const seen = await until('it is sampled', async () => {
    const looked = await scrape(stack.api.url);
    return looked.sum(depth, { queue: 'analysis', state: 'prioritized' }) === 1 && looked;
  });
  expect(seen.sum('promptq_redis_up')).toBe(1);
  const counts = { prioritized: 2, delayed: 1, waiting: 0, active: 0, completed: 0, failed: 0 };
  for (const [state, count] of Object.entries(counts)) {
    expect(seen.sum(depth, { queue: 'chat', state }), state).toBe(count);
  }
  expect(seen.sum('promptq_queue_oldest_waiting_age_seconds', { queue: 'chat' })).toBeGreaterThan(
    0,
  );
  expect(seen.sum('promptq_queue_oldest_waiting_age_seconds', { queue: 'webhooks' })).toBe(0);
  expect(seen.sum('promptq_queue_paused')).toBe(0);
  expect(seen.sum('promptq_pool_pause_remaining_seconds')).toBe(0);

  const queue = openQueue(stack, 'chat');
  await queue.pause();
  await queue.close();
  await stack.redis.set(
    stack.keys.limiter('analysis'),
    String(Number.MAX_SAFE_INTEGER),
    'PX',
    3_600_000,
  );
  const paused = await until('it is sampled again', async () => {
    const looked = await scrape(stack.api.url);
    return looked.sum('promptq_queue_paused', { queue: 'chat' }) === 1 && looked;
  });
  expect(paused.sum('promptq_queue_paused')).toBe(1);
  expect(paused.sum('promptq_pool_pause_remaining_seconds', { queue: 'analysis' })).toBeGreaterThan(
    1_800,
  );
  expect(paused.sum('promptq_pool_pause_remaining_seconds', { queue: 'chat' })).toBe(0);
});

test('the age of the oldest job counts the time in which it could have started, whatever its class', async () => {
  const age = async () =>
    (await scrape(stack.api.url)).sum('promptq_queue_oldest_waiting_age_seconds', {
      queue: 'chat',
    });
  const aged = async (id: string, seconds: number) => {
    await stack.redis.hset(stack.keys.job('chat', id), 'timestamp', Date.now() - seconds * 1_000);
  };
  await aged((await chat('later', { delay_seconds: 600 })).id, 300);
  expect(await age(), 'it may not start yet').toBe(0);
  await aged((await chat('high', { priority: 'high' })).id, 100);
  await until('the oldest is the high one', async () => (await age()) >= 100);
  await aged((await chat('low', { priority: 'low' })).id, 1_000);
  await chat('normal');
  await until('the oldest is the low one, behind the others', async () => (await age()) >= 1_000);
  const due = (await chat('due', { delay_seconds: 2_000 })).id;
  await aged(due, 5_000);
  await stack.redis.zadd(stack.keys.delayed('chat'), 1, due);
  await until('the oldest is due, and nobody has moved it', async () => (await age()) >= 3_000);
  expect(await age(), 'less its delay').toBeLessThan(5_000);
});

test('without Redis the answer comes all the same, and says so', async () => {
  const proxy = await startTcpProxy({
    host: new URL(inject('redisUrl')).hostname,
    port: Number(new URL(inject('redisUrl')).port || 6379),
  });
  const api = await startApi({
    ...stack.environment,
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
  });
  try {
    expect((await scrape(api.url)).sum('promptq_redis_up')).toBe(1);
    for (const outage of ['down', 'swallow'] as const) {
      await proxy[outage]();
      const seen = await until(`Redis is ${outage}`, async () => {
        const looked = await scrape(api.url);
        return looked.sum('promptq_redis_up') === 0 && looked;
      });
      expect(seen.samples.filter(({ name }) => name.startsWith('promptq_queue_'))).toEqual([]);
      expect(seen.sum('promptq_jobs_submitted_total')).toBe(0);
      await proxy.up();
      await until(
        'Redis is back',
        async () => (await scrape(api.url)).sum('promptq_redis_up') === 1,
      );
    }
  } finally {
    await api.kill('SIGKILL');
    await proxy.close();
  }
});
