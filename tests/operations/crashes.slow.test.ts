import { afterEach, beforeEach, expect, test } from 'vitest';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

/** What must hold after any crash, read from Redis itself: one terminal status and one audit event a job, and they agree. */
async function expectAllAuditedOnce(ids: string[]): Promise<void> {
  const events = await until(`${ids.length} audit events`, async () => {
    const seen = await stack.auditEvents();
    return seen.length >= ids.length && seen;
  });
  expect(events.map(({ job_id }) => String(job_id)).toSorted()).toEqual(ids.toSorted());
  expect(new Set(events.map(({ id }) => id)).size).toBe(ids.length);
  for (const event of events) {
    const job = await stack.get(event.job_id as string);
    expect(`job.${job.status}`).toBe(event.type);
  }
  expect(await stack.redis.llen(stack.keys.active('chat'))).toBe(0);
}

const submitConcurrency = 20;

async function submitChats(count: number): Promise<string[]> {
  const ids: string[] = [];
  const submitter = async () => {
    for (let n = ids.push('') - 1; n < count; n = ids.push('') - 1) {
      ids[n] = (await stack.submit({ type: 'chat', input: { message: `job ${n}` } })).id;
    }
  };
  await Promise.all(Array.from({ length: submitConcurrency }, submitter));
  return ids.slice(0, count);
}

for (const count of [200, 2_000]) {
  test(`a worker killed in the middle of ${count} jobs loses none and reports none twice`, async () => {
    const concurrency = 10;
    // When some are done, the upstream holds its answers: the kill finds both workers with all their slots in use.
    const killed = Promise.withResolvers<void>();
    const doneBefore = count / 4;
    stack.upstream.answerWith(async () => {
      if (stack.upstream.calls.length > doneBefore) await killed.promise;
      return 'done';
    });
    const ids = await submitChats(count);
    const firstWorker = await stack.worker({ WORKER_CONCURRENCY: String(concurrency) });
    await stack.worker({ WORKER_CONCURRENCY: String(concurrency) });
    await until(
      'both workers are full',
      () => stack.upstream.calls.length >= doneBefore + 2 * concurrency,
    );
    await firstWorker.kill('SIGKILL');
    killed.resolve();
    await stack.worker({ WORKER_CONCURRENCY: String(concurrency) });

    for (const id of ids) expect((await stack.finished(id)).status).toBe('completed');
    await expectAllAuditedOnce(ids);
    const repeated = stack.upstream.calls.length - count;
    expect(repeated, 'only jobs in flight at the kill are called again').toBeLessThanOrEqual(
      concurrency,
    );
    expect(repeated).toBeGreaterThan(0);
  });
}

for (const crashPoint of ['before-finish', 'after-finish']) {
  test(`a worker killed ${crashPoint} leaves exactly one audit event for each job`, async () => {
    const crashing = await stack.worker(
      { DIES_AT: crashPoint },
      'tests/support/crashing-worker.ts',
    );
    const ids = await submitChats(20);
    expect((await crashing.exited).signal).toBe('SIGKILL');
    const finished = await stack.redis.zcard(stack.keys.completed('chat'));
    expect((await stack.auditEvents()).length, 'as many as are finished').toBe(finished);
    if (crashPoint === 'after-finish') expect(finished).toBeGreaterThan(0);
    else expect(await stack.redis.llen(stack.keys.active('chat'))).toBeGreaterThan(0);
    await stack.worker();
    for (const id of ids) expect((await stack.finished(id)).status).toBe('completed');
    await expectAllAuditedOnce(ids);
  });
}
