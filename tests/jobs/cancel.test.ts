import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import { startStack, type Stack } from '#support/stack.ts';
import { sendError } from '#support/upstream.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const chat = (message: string, more: object = {}) =>
  stack.submit({ type: 'chat', input: { message }, ...more });

async function cancel(id: string): Promise<PublicJob> {
  const response = await stack.request(`/v1/jobs/${id}/cancel`, { method: 'POST' });
  expect(response.status).toBe(200);
  return (await response.json()) as PublicJob;
}

/** What must be true of a cancelled job in the end: one event that says so, and the record agrees. */
async function expectCancelled(id: string): Promise<void> {
  const event = await until(`${id} is audited`, async () =>
    (await stack.auditEvents()).find(({ job_id }) => job_id === id),
  );
  expect(event).toMatchObject({ type: 'job.cancelled', error: { code: 'cancelled' } });
  expect((await stack.get(id)).status).toBe('cancelled');
  expect((await stack.auditEvents()).filter(({ job_id }) => job_id === id).length).toBe(1);
}

test.each([
  ['queued', {}],
  ['delayed', { delay_seconds: 3_600 }],
  ['of low priority', { priority: 'low' }],
  ['of high priority', { priority: 'high' }],
])(
  'a job that is %s is cancelled with the answer, without a worker, and is never called',
  async (_, more) => {
    const others = await Promise.all(Array.from({ length: 20 }, () => chat('other')));
    const { id } = await chat('cancel me', more);
    const job = await cancel(id);
    expect(job).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' }, attempt: 0 });
    const [requestedAt, finishedAt] = [job.cancel_requested_at ?? '', job.finished_at ?? ''];
    expect(Date.parse(requestedAt)).toBeLessThanOrEqual(Date.parse(finishedAt));
    await expectCancelled(id);
    expect((await stack.auditEvents()).length, 'the others wait').toBe(1);
    expect((await cancel(id)).cancel_requested_at, 'again is the same').toBe(
      job.cancel_requested_at,
    );

    await stack.worker({ WORKER_CONCURRENCY: '1' });
    for (const other of others) expect((await stack.finished(other.id)).status).toBe('completed');
    expect(
      stack.upstream.calls.filter(({ body }) => body.messages[0]?.content === 'cancel me'),
    ).toEqual([]);
    expect((await stack.auditEvents()).length).toBe(21);
    expect(await stack.get(id)).toEqual(job);
  },
);

test('a running job is aborted by the worker that has it, and its call with it', async () => {
  stack.upstream.answerWith(() => undefined);
  await Promise.all([stack.worker(), stack.worker(), stack.worker()]);
  const running = await chat('x');
  const analysis = await stack.submit({
    type: 'analysis',
    input: { texts: ['a', 'b'], max_concurrent: 2 },
  });
  await until('both are being called', () => stack.upstream.calls.length === 3);
  for (const { id } of [running, analysis]) {
    expect(['in_progress', 'cancelled']).toContain((await cancel(id)).status);
    await expectCancelled(id);
  }
  await until('every connection is closed', () =>
    stack.upstream.calls.every(({ gone }) => gone.aborted),
  );
  expect(stack.upstream.calls.length, 'no further call was begun').toBe(3);
  expect(await stack.get(running.id)).toMatchObject({ attempt: 1, error: { attempts: 1 } });
});

test('a job between two attempts is cancelled with the answer', async () => {
  stack.upstream.answerWith((_, res) => sendError(res, 500, null));
  await stack.worker();
  const { id } = await chat('x', { max_attempts: 10 });
  await until(
    'it waits for another attempt',
    async () => (await stack.get(id)).next_attempt_at !== null && (await stack.get(id)).attempt > 1,
  );
  await until('it is cancelled', async () => (await cancel(id)).status === 'cancelled');
  await expectCancelled(id);
  const calls = stack.upstream.calls.length;
  expect((await stack.get(id)).attempt).toBe(calls);
});

test('a cancellation that was left half done is finished when it is asked for again', async () => {
  await stack.worker();
  const { id } = await chat('x', { delay_seconds: 3_600 });
  // As if the job had been flagged by a process that died before it went on.
  const key = stack.keys.job('chat', id);
  const data = (await stack.redis.hget(key, 'data')) as string;
  const flaggedAtMs = Date.now() - 5_000;
  await stack.redis.hset(key, 'data', `{"cancel_requested_at":${flaggedAtMs},${data.slice(1)}`);
  const job = await cancel(id);
  expect(job.cancel_requested_at).toBe(new Date(flaggedAtMs).toISOString());
  await expectCancelled(id);
});

test('a finished job stays as it is, an unknown one is not found', async () => {
  await stack.worker();
  const { id } = await chat('x');
  await stack.finished(id);
  const before = await stack.get(id);
  expect(await cancel(id)).toEqual(before);
  for (const unknown of ['chat_1', 'chat_01a1fbb51c1a70548f3db1db53cd7ea0']) {
    expect((await stack.request(`/v1/jobs/${unknown}/cancel`, { method: 'POST' })).status).toBe(
      404,
    );
  }
});

test('300 jobs cancelled at random moments end once each, as completed or as cancelled', async () => {
  stack.upstream.answerWith(async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    return 'done';
  });
  await Promise.all([
    stack.worker({ WORKER_CONCURRENCY: '10' }),
    stack.worker({ WORKER_CONCURRENCY: '10' }),
  ]);
  const jobs = await Promise.all(
    Array.from({ length: 300 }, async (_, n) => {
      const job = await chat(`x ${n}`, n % 5 === 0 ? { delay_seconds: 1 } : {});
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_500));
      const answered = await cancel(job.id);
      return { id: job.id, answered: answered.status };
    }),
  );
  const events = await until('all are audited', async () => {
    const seen = await stack.auditEvents();
    return seen.length >= 300 && seen;
  });
  expect(new Set(events.map(({ job_id }) => job_id)).size).toBe(300);
  expect(events.length).toBe(300);
  for (const { id, answered } of jobs) {
    const { status } = await stack.get(id);
    const event = events.find(({ job_id }) => job_id === id);
    expect(event?.type).toBe(`job.${status}`);
    expect(['completed', 'cancelled']).toContain(status);
    if (answered !== 'in_progress') expect(status, 'what was answered stays true').toBe(answered);
  }
});

test('a cancellation that no worker heard, because Redis was away, is looked up', async () => {
  // The flag is written as the API writes it, but nothing is published: the word is lost.
  stack.upstream.answerWith(() => undefined);
  const worker = await stack.worker();
  const { id } = await chat('x');
  await until('it is being called', () => stack.upstream.calls.length === 1);
  const key = stack.keys.job('chat', id);
  const data = (await stack.redis.hget(key, 'data')) as string;
  await stack.redis.hset(key, 'data', `{"cancel_requested_at":${Date.now()},${data.slice(1)}`);
  await stack.redis.pipeline([['client', 'KILL', 'TYPE', 'pubsub']]).exec();
  await expectCancelled(id);
  expect(await worker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

test('a job that a worker has just fetched is left to it; what was cancelled before is not fetched', async () => {
  const { redis, keys } = stack;
  // As BullMQ does when a worker fetches a job; a worker itself is too fast to be watched.
  const fetchNext = async () => {
    const [id] = await redis.zpopmin(keys.prioritized('chat'));
    if (id === undefined) return null;
    await redis.lpush(keys.active('chat'), id);
    await redis.set(keys.lock('chat', id), 'token', 'PX', 3_600_000);
    await redis.hincrby(keys.job('chat', id), 'ats', 1);
    return id;
  };
  const waiting = await chat('cancel me', { priority: 'high' });
  await cancel(waiting.id);
  expect(await fetchNext(), 'it is in no queue').toBeNull();
  expect(await stack.get(waiting.id)).toMatchObject({ status: 'cancelled', attempt: 0 });

  const running = await chat('cancel me', { priority: 'high' });
  expect(await fetchNext()).toBe(running.id);
  const requested = await cancel(running.id);
  expect(requested).toMatchObject({ status: 'in_progress', attempt: 1 });
  expect(requested.cancel_requested_at).not.toBeNull();
  expect((await stack.auditEvents()).map(({ job_id }) => job_id)).toEqual([waiting.id]);

  // Its worker has died. Another takes it over and refuses it, without a call.
  await redis.del(keys.lock('chat', running.id));
  await stack.worker();
  await expectCancelled(running.id);
  expect(stack.upstream.calls).toEqual([]);
});
