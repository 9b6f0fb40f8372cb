import { afterEach, beforeEach, expect, test } from 'vitest';
import { poolPause } from '#packages/worker/src/backpressure/pool-pause.ts';
import { storeOf } from '#support/raw-store.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { sendError, sendJson, type UpstreamCall } from '#support/upstream.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const chat = (message: string) => stack.submit({ type: 'chat', input: { message } });
const refusal = { error: { message: 'slow down', type: 'requests', code: 'rate_limit_exceeded' } };

test('a refusal pauses the whole pool for as long as it says and costs no attempt', async () => {
  // The upstream refuses whatever comes before its time is over, as a real one does.
  const retryAfterSeconds = 2;
  let openAtMs = 0;
  const early: UpstreamCall[] = [];
  stack.upstream.answerWith((call, res) => {
    if (openAtMs === 0) openAtMs = Date.now() + retryAfterSeconds * 1_000;
    if (Date.now() >= openAtMs) return 'done';
    early.push(call);
    return sendJson(res, 429, refusal, { 'retry-after': String(retryAfterSeconds) });
  });
  const workers = { WORKER_CONCURRENCY: '5' };
  await Promise.all([stack.worker(workers), stack.worker(workers)]);
  const jobs = await Promise.all(Array.from({ length: 40 }, (_, n) => chat(`x ${n}`)));
  for (const { id } of jobs) {
    expect(await stack.finished(id)).toMatchObject({ status: 'completed', attempt: 1 });
  }
  expect(early.length, 'only calls under way when the pause began').toBeLessThanOrEqual(10);
  expect(early.length).toBeGreaterThan(0);
});

test('an analysis that is refused halfway keeps its answers and repeats only what is missing', async () => {
  let calls = 0;
  stack.upstream.answerWith((_, res) => {
    calls += 1;
    return calls === 4 ? sendJson(res, 429, refusal, { 'retry-after-ms': '300' }) : 'fine';
  });
  await stack.worker();
  const { id } = await stack.submit({
    type: 'analysis',
    input: { texts: ['a', 'b', 'c'], max_concurrent: 1 },
  });
  const job = await stack.finished(id);
  expect(job).toMatchObject({
    status: 'completed',
    attempt: 1,
    output: { succeeded: 3, failed: 0 },
  });
  expect(stack.upstream.calls.length).toBe(10);
});

test('a job that is older than its patience fails with upstream_rate_limited', async () => {
  // It is young when it is refused for the first time, and older than its patience after that.
  const made = Promise.withResolvers<string>();
  stack.upstream.answerWith(async (_, res) => {
    const key = stack.keys.job('chat', await made.promise);
    await stack.redis.hset(key, 'timestamp', Date.now() - 2 * 3_600_000);
    return sendJson(res, 429, refusal, { 'retry-after-ms': '250' });
  });
  await stack.worker({ RATE_LIMIT_PATIENCE_SECONDS: '3600' });
  const { id } = await chat('x');
  made.resolve(id);
  expect(await stack.finished(id)).toMatchObject({
    status: 'failed',
    attempt: 1,
    error: { code: 'upstream_rate_limited', retryable: true, upstream: { status: 429 } },
  });
  expect(stack.upstream.calls.length).toBe(2);
});

test('a quota that is used up pauses nothing', async () => {
  stack.upstream.answerWith((call, res) =>
    call.body.messages[0]?.content === 'broke' ? sendError(res, 429, 'insufficient_quota') : 'done',
  );
  await stack.worker();
  const broke = await chat('broke');
  expect((await stack.finished(broke.id)).error?.code).toBe('upstream_quota_exhausted');
  const fetches = Number(await stack.redis.get(stack.keys.limiter('chat')));
  expect(fetches, 'it counts fetches, it is no pause').toBeLessThan(10);
  expect((await stack.finished((await chat('x')).id)).status).toBe('completed');
});

test('without a word from the upstream the pauses double, refusals during one count once, success starts over', async () => {
  const store = await storeOf(stack);
  const pool = poolPause(store, 'chat');
  const other = poolPause(store, 'chat');
  const nextPause = async () => {
    await stack.redis.del(stack.keys.limiter('chat'));
    return pool.pause(null);
  };
  expect(await nextPause()).toBe(5_000);
  const during = await Promise.all([pool.pause(null), other.pause(null), other.pause(null)]);
  expect(during.every((left) => left > 0 && left <= 5_000)).toBe(true);
  const pauses = [];
  for (let n = 0; n < 7; n += 1) pauses.push(await nextPause());
  expect(pauses).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  await pool.succeeded();
  expect(await nextPause()).toBe(5_000);
  await store.close();
});

test('a pause is never made shorter by a later refusal', async () => {
  const store = await storeOf(stack);
  const pool = poolPause(store, 'chat');
  expect(await pool.pause(60_000)).toBe(60_000);
  expect(await pool.pause(1_000)).toBeGreaterThan(1_000);
  expect(await pool.pause(120_000)).toBe(120_000);
  await store.close();
});

test('a cancelled job need not wait for the end of a pause', async () => {
  stack.upstream.answerWith((_, res) => sendJson(res, 429, refusal, { 'retry-after': '60' }));
  await stack.worker();
  const { id } = await chat('x');
  await until(
    'the pool is paused',
    async () => (await stack.redis.pttl(stack.keys.limiter('chat'))) > 10_000,
  );
  const response = await stack.request(`/v1/jobs/${id}/cancel`, { method: 'POST' });
  const answered = (await response.json()) as { status: string };
  expect(['cancelled', 'in_progress']).toContain(answered.status);
  await until('it is cancelled', async () => (await stack.get(id)).status === 'cancelled');
});

test('a circuit: an upstream that fails in a row is left alone, then tried by one, and costs few attempts', async () => {
  let isDown = true;
  stack.upstream.answerWith((_, res) => (isDown ? sendError(res, 503, null) : 'done'));
  const workers = { UPSTREAM_CIRCUIT_FAILURES: '5', WORKER_CONCURRENCY: '5' };
  const pool = await Promise.all([stack.worker(workers), stack.worker(workers)]);
  const jobs = await Promise.all(Array.from({ length: 30 }, (_, n) => chat(`x ${n}`)));
  const isPaused = async () => (await stack.redis.pttl(stack.keys.limiter('chat'))) > 2_000;
  const refused = () =>
    pool
      .flatMap(({ log }) => log)
      .filter(({ upstream }) => (upstream as { status: number } | null)?.status === 503).length;
  await until(
    'the pool is paused and every call is logged',
    async () => (await isPaused()) && refused() === stack.upstream.calls.length,
  );
  const beforeProbe = stack.upstream.calls.length;
  expect(beforeProbe, 'what was under way when the circuit opened').toBeLessThanOrEqual(15);
  await until('the upstream is tried again', () => stack.upstream.calls.length > beforeProbe);
  await until('the pool is paused again', isPaused);
  expect(stack.upstream.calls.length - beforeProbe, 'by one').toBe(1);
  isDown = false;
  for (const { id } of jobs) {
    const job = await stack.finished(id);
    expect(job.status).toBe('completed');
    expect(job.attempt).toBeLessThanOrEqual(2);
  }
});
