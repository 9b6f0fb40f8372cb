import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '#scripts/processes/free-port.ts';
import { deliveryMetrics } from '#packages/worker/src/metrics/delivery-metrics.ts';
import { readExposition, scrape, type Scrape } from '#support/metrics.ts';
import type { Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';
import { sendError, sendJson } from '#support/upstream.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const chat = (message: string, more: object = {}) =>
  stack.submit({ type: 'chat', input: { message }, ...more });
const refusal = { error: { message: 'slow down', type: 'requests', code: 'rate_limit_exceeded' } };

const hasFinished = (count: number) => (now: Scrape) =>
  now.sum('promptq_jobs_finished_total') === count;

async function scraped(more: Record<string, string> = {}) {
  const port = await freePort();
  const service: Service = await stack.worker({ HEALTH_PORT: String(port), ...more });
  const scrapeWorker = () => scrape(`http://127.0.0.1:${port}`);
  const untilSeen = (what: string, isSo: (seen: Scrape) => boolean) =>
    until(what, async () => {
      const seen = await scrapeWorker();
      return isSo(seen) && seen;
    });
  return { service, scrapeWorker, untilSeen };
}

test('jobs, attempts, calls and tokens are counted where they happen', async () => {
  let failed = 0;
  stack.upstream.answerWith((call, res) => {
    const message = call.body.messages.at(-1)?.content;
    if (message === 'bad') return sendError(res, 400, 'invalid');
    if (message === 'gone') return void res.destroy();
    if (message === 'flaky' && failed++ === 0) return sendError(res, 503, null);
    if (message === 'slow') return undefined;
    return 'hello';
  });
  const { scrapeWorker, untilSeen } = await scraped();
  const before = await scrapeWorker();
  expect(before.sum('promptq_redis_up')).toBe(1);
  expect(before.sum('promptq_jobs_finished_total')).toBe(0);

  const jobs = [
    await chat('good'),
    await chat('bad'),
    await chat('flaky'),
    await chat('gone', { max_attempts: 1 }),
    await stack.submit({ type: 'analysis', input: { text: 'x', tasks: ['summary'] } }),
  ];
  const slow = await chat('slow');
  await until('it is in flight', () => stack.upstream.calls.length === 6 + 1);
  expect((await scrapeWorker()).sum('promptq_attempts_running', { type: 'chat' })).toBe(1);
  await stack.request(`/v1/jobs/${slow.id}/cancel`, { method: 'POST' });
  for (const { id } of [...jobs, slow]) await stack.finished(id);

  const seen = await untilSeen('all have ended', hasFinished(6));
  const finished = (type: string, status: string) =>
    seen.sum('promptq_jobs_finished_total', { type, status });
  expect(finished('chat', 'completed')).toBe(2);
  expect(finished('chat', 'failed')).toBe(2);
  expect(finished('chat', 'cancelled')).toBe(1);
  expect(finished('analysis', 'completed')).toBe(1);
  const attempts = (outcome: string, reason: string) =>
    seen.sum('promptq_attempts_total', { outcome, reason });
  expect(attempts('completed', 'none')).toBe(3);
  expect(attempts('fail', 'upstream_invalid_request')).toBe(1);
  expect(attempts('fail', 'cancelled')).toBe(1);
  expect(attempts('retry', 'upstream_unavailable')).toBe(2);
  expect(seen.sum('promptq_attempts_running')).toBe(0);
  expect(seen.sum('promptq_job_wait_seconds_count', { type: 'chat' })).toBe(5);
  expect(seen.sum('promptq_job_run_seconds_count', { type: 'chat' })).toBe(6);
  expect(seen.sum('promptq_job_run_seconds_count', { type: 'analysis' })).toBe(1);
  const calls = (status_class: string) =>
    seen.sum('promptq_upstream_request_duration_seconds_count', { status_class });
  expect([calls('2xx'), calls('4xx'), calls('5xx'), calls('none')]).toEqual([3, 1, 1, 2]);
  expect(seen.sum('promptq_tokens_total', { model: 'gpt-4o-mini', direction: 'input' })).toBe(30);
  expect(seen.sum('promptq_tokens_total', { model: 'gpt-4o-mini', direction: 'output' })).toBe(15);
});

test('an expired job, and one that waited for its delay: the wait begins when it could start', async () => {
  const [lateSeconds, delaySeconds] = [50_000, 20_000];
  const age = (id: string, seconds: number) =>
    stack.redis.hset(stack.keys.job('chat', id), 'timestamp', Date.now() - seconds * 1_000);
  const late = await chat('x', { start_within_seconds: 1 });
  await age(late.id, lateSeconds);
  const delayed = await chat('x', { delay_seconds: delaySeconds });
  await age(delayed.id, delaySeconds);
  await stack.redis.zadd(stack.keys.delayed('chat'), 1, delayed.id);
  const { untilSeen } = await scraped();
  for (const { id } of [late, delayed]) await stack.finished(id);
  const seen = await untilSeen('both have ended', hasFinished(2));
  expect(seen.sum('promptq_jobs_finished_total', { status: 'expired' })).toBe(1);
  const upTo = (le: string) => seen.sum('promptq_job_wait_seconds_bucket', { le });
  expect(upTo('+Inf')).toBe(2);
  expect(upTo('14400'), 'only the late one has waited for more than 4 hours').toBe(1);
});

test('over all processes each finished job is counted once', async () => {
  const workers = await Promise.all([scraped(), scraped(), scraped()]);
  const jobs = await Promise.all(Array.from({ length: 120 }, (_, n) => chat(`x ${n}`)));
  for (const { id } of jobs) await stack.finished(id);
  await until('every audit event is there', async () => (await stack.auditEvents()).length === 120);
  const seen = await Promise.all(workers.map(({ scrapeWorker }) => scrapeWorker()));
  expect(seen.reduce((all, one) => all + one.sum('promptq_jobs_finished_total'), 0)).toBe(120);
});

test('a refusal for the rate counts as 429, as a pause, and as an attempt that is not spent', async () => {
  const rateLimited = 5;
  stack.upstream.answerWith((_, res) =>
    stack.upstream.calls.length <= rateLimited
      ? sendJson(res, 429, refusal, { 'retry-after': '1' })
      : 'done',
  );
  const { untilSeen } = await scraped();
  const jobs = await Promise.all(Array.from({ length: 5 }, (_, n) => chat(`x ${n}`)));
  for (const { id } of jobs) await stack.finished(id);
  const seen = await untilSeen('all have ended', hasFinished(5));
  const refused = seen.sum('promptq_upstream_rate_limited_total');
  expect(refused).toBe(rateLimited);
  expect(seen.sum('promptq_upstream_request_duration_seconds_count', { status_class: '4xx' })).toBe(
    refused,
  );
  const attempt = { outcome: 'deferred', reason: 'upstream_rate_limited' };
  expect(seen.sum('promptq_attempts_total', attempt)).toBe(refused);
  const pauses = seen.sum('promptq_pool_pauses_total', { type: 'chat', reason: 'rate_limited' });
  expect(pauses).toBeGreaterThan(0);
  expect(pauses, 'what is refused during a pause begins none').toBeLessThanOrEqual(refused);
});

test('a circuit that opens counts as a pause', async () => {
  stack.upstream.answerWith((_, res) => sendError(res, 503, null));
  const { untilSeen } = await scraped({ UPSTREAM_CIRCUIT_FAILURES: '2', WORKER_CONCURRENCY: '2' });
  await Promise.all([chat('a'), chat('b')]);
  const seen = await untilSeen('it is open', (now) =>
    Boolean(now.sum('promptq_pool_pauses_total', { reason: 'circuit' })),
  );
  expect(seen.sum('promptq_pool_pauses_total', { reason: 'circuit' })).toBe(1);
});

test('a lock that is lost, the result that is discarded for it, and the job that runs again', async () => {
  let calls = 0;
  stack.upstream.answerWith(() => (calls++ === 0 ? undefined : 'done'));
  const { untilSeen } = await scraped();
  const { id } = await chat('x');
  await until('it is in flight', () => stack.upstream.calls.length === 1);
  await stack.redis.del(stack.keys.lock('chat', id));
  const seen = await untilSeen(
    'it runs again',
    (now) => now.sum('promptq_jobs_stalled_total') === 1,
  );
  await stack.finished(id);
  expect(seen.sum('promptq_locks_lost_total', { type: 'chat' })).toBe(1);
  await untilSeen(
    'the first result is discarded',
    (now) =>
      now.sum('promptq_results_discarded_total', { type: 'chat' }) === 1 &&
      now.sum('promptq_attempts_total', { outcome: 'lost' }) === 1,
  );
});

test('an event loop that stood still is seen', async () => {
  const { service, scrapeWorker, untilSeen } = await scraped();
  const delaySeconds = (seen: Scrape) => seen.sum('promptq_event_loop_delay_max_seconds');
  const before = delaySeconds(await scrapeWorker());
  process.kill(service.pid, 'SIGSTOP');
  const stoppedAtMs = Date.now();
  await until('it has stood still', () => Date.now() - stoppedAtMs > (before + 5.5) * 1_000);
  process.kill(service.pid, 'SIGCONT');
  const seen = await untilSeen('it is reported', (now) => delaySeconds(now) > before + 5);
  expect(seen.sum('promptq_event_loop_delay_max_seconds')).toBeGreaterThan(5);
});

test('callers cannot add labels without end, nor lines', async () => {
  const { untilSeen } = await scraped();
  const hostile = 'x"} 1\npromptq_redis_up 0\n\u001b[31m';
  const jobs = [];
  for (let n = 0; n < 30; n += 1) {
    jobs.push(await chat(hostile, { user_id: `user-${n}`, metadata: { [`key${n}`]: hostile } }));
    jobs.push(await stack.submit({ type: 'chat', input: { message: 'x', model: `model-${n}` } }));
  }
  jobs.push(await stack.submit({ type: 'chat', input: { message: 'x', model: 'm"} 1 x' } }));
  for (const { id } of jobs) await stack.finished(id);
  const seen = await untilSeen('all have ended', hasFinished(jobs.length));
  expect(seen.values('model').size).toBe(21);
  expect(seen.sum('promptq_tokens_total', { direction: 'input' })).toBe(10 * jobs.length);
  expect(seen.sum('promptq_redis_up')).toBe(1);
  for (const secret of ['user-1', 'key1', 'm"}', ...jobs.map(({ id }) => id), 'http:', 'sk-test'])
    expect(seen.text).not.toContain(secret);
});

test('the tries of deliveries are counted by their outcome', async () => {
  const registry = new Registry();
  const { tried } = deliveryMetrics(registry);
  for (const outcome of ['retry', 'retry', 'delivered', 'dead', 'blocked'] as const) tried(outcome);
  const seen = readExposition(await registry.metrics());
  const count = (outcome: string) => seen.sum('promptq_webhook_deliveries_total', { outcome });
  expect(['retry', 'delivered', 'dead', 'blocked'].map(count)).toEqual([2, 1, 1, 1]);
});
