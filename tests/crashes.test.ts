import { afterEach, beforeEach, expect, test } from 'vitest';
import { startStack, type Stack } from './support/stack.ts';
import { until } from './support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

/** What must hold after any crash, read from Redis itself: one terminal status and one audit event a job, and they agree. */
async function expectAllSettledOnce(ids: string[]): Promise<void> {
  const events = await until(`${ids.length} audit events`, async () => {
    const seen = await stack.auditEvents();
    return seen.length >= ids.length && seen;
  });
  expect(events.map(({ job_id }) => job_id).toSorted()).toEqual(ids.toSorted());
  expect(new Set(events.map(({ id }) => id)).size).toBe(ids.length);
  for (const event of events) {
    const job = await stack.get(event.job_id);
    expect(`job.${job.status}`).toBe(event.type);
  }
  for (const type of ['chat', 'analysis'] as const) {
    const pending = await stack.redis.xpending(stack.keys.events(type), 'settlement');
    expect(pending[0]).toBe(0);
  }
}

async function submitChats(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    ids.push((await stack.submit({ type: 'chat', input: { message: `job ${n}` } })).id);
  }
  return ids;
}

test('a worker killed in the middle of 200 jobs loses none and reports none twice', async () => {
  stack.upstream.answerWith(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return 'done';
  });
  const concurrency = { WORKER_CONCURRENCY: '10' };
  const doomed = await stack.worker(concurrency);
  await stack.worker(concurrency);
  const ids = await submitChats(200);
  await until('some jobs are done and some are not', () => stack.upstream.calls.length > 60);
  await doomed.kill('SIGKILL');
  await stack.worker(concurrency);

  for (const id of ids) expect((await stack.finished(id)).status).toBe('completed');
  await expectAllSettledOnce(ids);
  const calls = stack.upstream.calls.length;
  expect(calls, 'only jobs in flight at the kill are called again').toBeLessThanOrEqual(210);
});

for (const place of ['before-settling', 'after-settling']) {
  test(`a worker killed ${place} leaves exactly one audit event for each job`, async () => {
    const doomed = await stack.worker({ DIES_AT: place }, 'tests/support/worker-that-dies.ts');
    const ids = await submitChats(20);
    expect((await doomed.exited).signal).toBe('SIGKILL');
    if (place === 'before-settling') {
      expect(await stack.auditEvents()).toEqual([]);
      const [held] = await stack.redis.xpending(stack.keys.events('chat'), 'settlement');
      expect(held, 'the dead consumer holds entries').toBeGreaterThan(0);
    }
    await stack.worker();
    for (const id of ids) expect((await stack.finished(id)).status).toBe('completed');
    await expectAllSettledOnce(ids);
  });
}
