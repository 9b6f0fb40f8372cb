import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '#scripts/processes/free-port.ts';
import { scrape } from '#support/metrics.ts';
import type { Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';
import { sendError } from '#support/upstream.ts';

const shortWindowWorker = 'tests/support/short-window-worker.ts';
/** A call arrives far within the window in which it was allowed, however busy the machine is. */
const windowMs = 5_000;
/** It does not end while a test runs. */
const endlessMs = 3_600_000;
const model = 'gpt-4o-mini';
const tokensOfCall = 15;

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const chat = (more: object = {}) =>
  stack.submit({ type: 'chat', input: { message: 'x', model, ...more } });
const chats = (count: number) => Promise.all(Array.from({ length: count }, () => chat()));
const worker = (more: Record<string, string>) =>
  stack.worker(
    { BUDGET_WINDOW_MS: String(windowMs), WORKER_CONCURRENCY: '5', ...more },
    shortWindowWorker,
  );

/** How many attempts were put off until the budget is there again. */
const putOff = (...workers: Service[]) =>
  workers.flatMap(({ log }) => log).filter(({ pause }) => pause === 'budget').length;

async function expectEachDoneOnce(jobs: { id: string }[]) {
  for (const { id } of jobs) {
    expect(await stack.finished(id)).toMatchObject({ status: 'completed', attempt: 1 });
  }
  const events = await until('all are audited', async () => {
    const written = await stack.auditEvents();
    return written.length >= jobs.length && written;
  });
  expect(events.length).toBe(jobs.length);
  expect(new Set(events.map(({ job_id }) => job_id))).toEqual(new Set(jobs.map(({ id }) => id)));
}

/** When the window ends in which a call arrives, by the clock of Redis; `null`: there is none. */
async function windowEnd(key: string): Promise<number | null> {
  const [time, left] = (await stack.redis.multi().time().pttl(key).exec()) ?? [];
  if (!time || !left) throw new Error('Redis told neither the time nor the end of the window');
  const [seconds, micros] = time[1] as [string, string];
  const leftMs = Number(left[1]);
  return leftMs < 0 ? null : Number(seconds) * 1_000 + Number(micros) / 1_000 + leftMs;
}

test('two workers make no more calls in a window than the budget has, and every job is done in its first attempt', async () => {
  const perWindow = 4;
  const ends: (number | null)[] = [];
  stack.upstream.answerWith(async () => {
    ends.push(await windowEnd(stack.keys.budgetRequests(model)));
    return 'done';
  });
  const jobs = await chats(3 * perWindow);
  const budget = { UPSTREAM_RPM: String(perWindow) };
  const workers = await Promise.all([worker(budget), worker(budget)]);
  await expectEachDoneOnce(jobs);
  const windows: { end: number; calls: number }[] = [];
  for (const end of ends) {
    // Ends of one window differ by the rounding of milliseconds, those of two by a window. A call that arrives after its
    // window has none.
    const last = windows.at(-1);
    if (last && (end === null || end - last.end < windowMs / 2)) last.calls += 1;
    else windows.push({ end: end ?? 0, calls: 1 });
  }
  expect(windows.reduce((sum, { calls }) => sum + calls, 0)).toBe(jobs.length);
  for (const { calls } of windows) expect(calls).toBeLessThanOrEqual(perWindow);
  expect(putOff(...workers)).toBeGreaterThan(0);
});

test('two workers begin no call while the tokens of a window are spent', async () => {
  const perWindow = 3 * tokensOfCall;
  const seen: (string | null)[] = [];
  stack.upstream.answerWith(async () => {
    seen.push(await stack.redis.get(stack.keys.budgetTokens(model)));
    return 'done';
  });
  const jobs = await chats(12);
  const budget = { UPSTREAM_TPM: String(perWindow), WORKER_CONCURRENCY: '1' };
  const workers = await Promise.all([worker(budget), worker(budget)]);
  await expectEachDoneOnce(jobs);
  expect(
    seen.filter((tokens) => Number(tokens) > perWindow),
    'a call is begun before they are spent, and may arrive when they just are',
  ).toEqual([]);
  // Two calls can be in flight before the first is booked; the third, and so one in each window, sees a booking.
  const windows: number[] = [];
  let before: string | null = 'none yet';
  for (const now of seen) {
    if (now === null && before !== null) windows.push(0);
    windows.push((windows.pop() ?? 0) + 1);
    before = now;
  }
  for (const calls of windows) {
    expect(calls, 'three spend it, and one more is in flight').toBeLessThanOrEqual(4);
  }
  expect(putOff(...workers)).toBeGreaterThan(0);
});

test('the budget of one model is not that of another, and streamed calls count', async () => {
  const own = await worker({ UPSTREAM_RPM: 'a:1,*:1', BUDGET_WINDOW_MS: String(endlessMs) });
  const jobs = [await chat({ model: 'a' }), await chat({ model: 'b' })];
  jobs.push(await chat({ model: 'c', stream: true }));
  await expectEachDoneOnce(jobs);
  expect(putOff(own)).toBe(0);
  await chat({ model: 'c' });
  await until('another waits: the streamed one had taken the request', () => putOff(own) > 0);
  expect(stack.upstream.calls.length).toBe(3);
});

test('our own budget fails no job, however old it is', async () => {
  const own = await worker({ UPSTREAM_RPM: '1', RATE_LIMIT_PATIENCE_SECONDS: '0' });
  await expectEachDoneOnce(await chats(3));
  expect(putOff(own)).toBeGreaterThan(1);
});

test('an analysis that needs more calls than a window has goes on in the next ones and repeats none', async () => {
  const own = await worker({ UPSTREAM_RPM: '4' });
  const job = await stack.submit({
    type: 'analysis',
    input: { texts: ['a', 'b', 'c'], model },
    max_attempts: 1,
  });
  await expectEachDoneOnce([job]);
  const { output, usage } = await stack.finished(job.id);
  expect(output).toMatchObject({ succeeded: 3, failed: 0 });
  expect(usage.total_tokens).toBe(9 * tokensOfCall);
  const made = stack.upstream.calls.map(({ key }) => key);
  expect(new Set(made).size, 'each call once').toBe(9);
  expect(made.length).toBe(9);
  expect(putOff(own)).toBeGreaterThan(1);
});

test('an analysis whose upstream fails every call that a window allows comes to its end', async () => {
  stack.upstream.answerWith((_, res) => sendError(res, 503, null));
  await worker({ UPSTREAM_RPM: '1' });
  const job = await stack.submit({
    type: 'analysis',
    input: { text: 'a', model },
    max_attempts: 2,
  });
  expect(await stack.finished(job.id)).toMatchObject({
    status: 'failed',
    attempt: 2,
    error: { code: 'upstream_unavailable' },
  });
  expect(stack.upstream.calls.length, 'one in the first attempt, each in the last').toBe(4);
});

test('while Redis cannot say what is left no call is made, and no attempt is spent', async () => {
  const key = stack.keys.budgetRequests(model);
  await stack.redis.hset(key, 'no', 'counter');
  const own = await worker({ UPSTREAM_RPM: '5' });
  const job = await chat();
  const isReported = ({ msg }: { msg: string }) =>
    msg === 'the budget toward the upstream could not be read';

  await until('it was asked twice', () => own.log.filter(isReported).length > 1);
  expect(stack.upstream.calls).toEqual([]);
  await stack.redis.del(key);
  await expectEachDoneOnce([job]);
});

test('a pause for our own budget is distinguished from one for the upstream', async () => {
  const port = await freePort();
  await stack.worker({ UPSTREAM_RPM: '1', HEALTH_PORT: String(port) });
  await chats(2);
  const seen = await until('the pool is paused', async () => {
    const now = await scrape(`http://127.0.0.1:${port}`);
    return now.sum('promptq_pool_pauses_total') > 0 && now;
  });
  expect(seen.sum('promptq_pool_pauses_total', { type: 'chat', reason: 'budget' })).toBe(1);
  expect(seen.sum('promptq_pool_pauses_total')).toBe(1);
  const later = { type: 'chat', outcome: 'deferred', reason: 'budget' };
  expect(seen.sum('promptq_attempts_total', later)).toBe(1);
});
