import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

const shortWindowWorker = 'tests/support/short-window-worker.ts';
const budget = 4;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ UPSTREAM_RPM: String(budget), BUDGET_WINDOW_MS: '1000' });
});
afterAll(() => stack.close());

test('a worker that is killed with a spent budget leaves nothing behind: the others go on, and each job is done once', async () => {
  let isHolding = true;
  stack.upstream.answerWith(() => (isHolding ? undefined : 'done'));
  const jobs = await Promise.all(
    Array.from({ length: 2 * budget }, () =>
      stack.submit({ type: 'chat', input: { message: 'x' } }),
    ),
  );
  const killed = await stack.worker({ WORKER_CONCURRENCY: String(budget) }, shortWindowWorker);
  await until('its budget is in flight', () => stack.upstream.calls.length === budget);
  isHolding = false;
  await killed.kill('SIGKILL');
  await stack.worker({}, shortWindowWorker);
  for (const { id } of jobs) {
    expect(await stack.finished(id)).toMatchObject({ status: 'completed', attempt: 1 });
  }
  expect(stack.upstream.calls.length, 'only what was in flight is called again').toBe(3 * budget);
  const events = await until('all are audited', async () => {
    const written = await stack.auditEvents();
    return written.length >= jobs.length && written;
  });
  expect(events.length).toBe(jobs.length);
  expect(new Set(events.map(({ job_id }) => job_id))).toEqual(new Set(jobs.map(({ id }) => id)));
  const left = await stack.redis.pttl(stack.keys.budgetRequests('gpt-4o-mini'));
  expect(left, 'no window is without an end').not.toBe(-1);
});
