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
  'a job that is %s is cancelled with the answer, goes first, and is never called',
  async (_, more) => {
    const others = await Promise.all(Array.from({ length: 20 }, () => chat('other')));
    const { id } = await chat('cancel me', more);
    const job = await cancel(id);
    expect(job).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' }, attempt: 0 });
    expect(job.cancel_requested_at).toBe(job.finished_at);
    expect((await cancel(id)).cancel_requested_at, 'again is the same').toBe(
      job.cancel_requested_at,
    );

    const release = Promise.withResolvers<string>();
    stack.upstream.answerWith(() => release.promise);
    await stack.worker({ WORKER_CONCURRENCY: '1' });
    await expectCancelled(id);
    expect(stack.upstream.calls.length, 'it went before the 20 others').toBeLessThanOrEqual(1);
    release.resolve('done');
    for (const other of others) expect((await stack.finished(other.id)).status).toBe('completed');
    expect(
      stack.upstream.calls.filter(({ body }) => body.messages[0]?.content === 'cancel me'),
    ).toEqual([]);
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
  // As if the API had died between the flag and the move to the front.
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
  await stack.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await expectCancelled(id);
  expect(await worker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

test('what was cancelled while it waited is so also while a worker has it to refuse it', async () => {
  // As BullMQ does when a worker fetches a job; a worker itself refuses it too fast to be watched.
  const fetchNext = () =>
    stack.redis.rpoplpush(stack.keys.ofQueue('chat', 'wait'), stack.keys.active('chat'));
  const waiting = await chat('cancel me', { priority: 'high' });
  await cancel(waiting.id);
  expect(await fetchNext()).toBe(waiting.id);
  expect(await stack.get(waiting.id)).toMatchObject({ status: 'cancelled', attempt: 0 });

  const running = await chat('cancel me', { priority: 'high' });
  expect(await fetchNext()).toBe(running.id);
  expect(await cancel(running.id)).toMatchObject({ status: 'in_progress', attempt: 1 });
});
