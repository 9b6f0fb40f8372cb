import { afterEach, beforeEach, expect, test } from 'vitest';
import { delayedUntilMs } from '#packages/store/src/queues/scores.ts';
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

test('high goes before normal and normal before low, each first in, first out', async () => {
  for (const round of [1, 2, 3]) {
    for (const priority of ['low', 'normal', 'high'])
      await chat(`${priority} ${round}`, { priority });
  }
  await stack.worker({ WORKER_CONCURRENCY: '1' });
  await until('all were called', () => stack.upstream.calls.length === 9);
  expect(stack.upstream.calls.map(({ body }) => body.messages[0]?.content)).toEqual(
    ['high', 'normal', 'low'].flatMap((priority) =>
      [1, 2, 3].map((round) => `${priority} ${round}`),
    ),
  );
});

test('a delayed job waits, and says until when', async () => {
  await stack.worker();
  const delayed = await chat('later', { delay_seconds: 2 });
  expect(delayed.status).toBe('queued');
  const due = Date.parse(delayed.next_attempt_at as string);
  const { redis, keys } = stack;
  const addedAt = Number(await redis.hget(keys.job('chat', delayed.id), 'timestamp'));
  expect(due - addedAt, 'it counts from when Redis had the job').toBe(2_000);
  expect(delayedUntilMs((await redis.zscore(keys.delayed('chat'), delayed.id)) ?? '')).toBe(due);
  const later = await chat('much later', { delay_seconds: 3_600 });
  await stack.finished((await chat('now')).id);
  expect((await stack.get(later.id)).status).toBe('queued');
  const job = await stack.finished(delayed.id);
  expect(Date.parse(job.started_at as string)).toBeGreaterThanOrEqual(due);
});

test('max_attempts and timeout_seconds are the job’s own', async () => {
  await stack.worker();
  stack.upstream.answerWith((call, res) =>
    call.body.messages[0]?.content === 'silent' ? undefined : sendError(res, 500, null),
  );
  const failing = await chat('x', { max_attempts: 2 });
  const silent = await chat('silent', { max_attempts: 1, timeout_seconds: 1 });
  expect(failing.max_attempts).toBe(2);
  expect(await stack.finished(failing.id)).toMatchObject({
    status: 'failed',
    attempt: 2,
    error: { code: 'upstream_unavailable', attempts: 2 },
  });
  expect(await stack.finished(silent.id)).toMatchObject({
    status: 'failed',
    error: { code: 'timeout', attempts: 1, retryable: true },
  });
});

test('a job that has not started in time is expired when it is looked at, without a worker, and is never called', async () => {
  const { id } = await chat('too late', { start_within_seconds: 1 });
  const reported = await until('it is reported as expired', async () => {
    const job = await stack.get(id);
    return job.status === 'expired' && job;
  });
  expect(reported).toMatchObject({
    attempt: 0,
    started_at: null,
    error: { code: 'expired', attempts: 0 },
  });
  const events = await stack.auditEvents();
  expect(events).toMatchObject([
    { job_id: id, type: 'job.expired', attempts: 0, error: { code: 'expired' } },
  ]);
  await stack.worker();
  await stack.finished((await chat('in time')).id);
  expect(await stack.get(id)).toEqual(reported);
  expect((await stack.auditEvents()).slice(0, 1)).toEqual(events);
  expect(stack.upstream.calls.length, 'of the other one').toBe(1);
});

test('a job that was started in time does not expire between its attempts', async () => {
  // Its first attempt starts in time. Then it is made so old that a start would be too late.
  const made = Promise.withResolvers<string>();
  stack.upstream.answerWith(async (_, res) => {
    if (stack.upstream.calls.length === 1) {
      const key = stack.keys.job('chat', await made.promise);
      await stack.redis.hset(key, 'timestamp', Date.now() - 2 * 3_600_000);
    }
    return stack.upstream.calls.length < 3 ? sendError(res, 500, null) : 'at last';
  });
  await stack.worker();
  const { id } = await chat('x', { start_within_seconds: 3_600 });
  made.resolve(id);
  expect(await stack.finished(id)).toMatchObject({ status: 'completed', attempt: 3 });
});

test('a retry is a new job with the same input and options', async () => {
  stack.upstream.answerWith((_, res) => sendError(res, 400, 'bad'));
  await stack.worker();
  const first = await chat('x', {
    user_id: 'u',
    metadata: { a: 'b' },
    priority: 'low',
    max_attempts: 2,
    timeout_seconds: 77,
  });
  expect((await stack.finished(first.id)).status).toBe('failed');
  stack.upstream.answerWith(() => 'better');
  const response = await stack.request(`/v1/jobs/${first.id}/retry`, { method: 'POST' });
  expect(response.status).toBe(202);
  const second = (await response.json()) as typeof first;
  expect(response.headers.get('location')).toBe(`/v1/jobs/${second.id}`);
  expect(second).toMatchObject({
    status: 'queued',
    retry_of: first.id,
    priority: 'low',
    user_id: 'u',
    metadata: { a: 'b' },
    max_attempts: 2,
  });
  expect(second.id).not.toBe(first.id);
  expect(await stack.finished(second.id)).toMatchObject({
    status: 'completed',
    retry_of: first.id,
    output: { response: 'better' },
  });
  expect((await stack.get(first.id)).status).toBe('failed');

  const conflict = await stack.request(`/v1/jobs/${second.id}/retry`, { method: 'POST' });
  expect(conflict.status).toBe(409);
  expect(conflict.headers.get('x-should-retry')).toBe('false');
  expect(await conflict.json()).toMatchObject({ code: 'job_not_retryable' });
  const unknown = await stack.request(`/v1/jobs/chat_1/retry`, { method: 'POST' });
  expect(unknown.status).toBe(404);
});
