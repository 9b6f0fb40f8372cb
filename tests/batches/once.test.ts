import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublicBatch } from '@promptq/shared/contracts';
import {
  chats,
  createBatch,
  endedBatch,
  getBatch,
  postBatch,
  resultsOf,
  toLines,
} from '#support/batch.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const textOf = (call: { body: { messages: { content: string }[] } }) =>
  call.body.messages.at(-1)?.content ?? '';

test('a batch that is cancelled: what runs is aborted, what waits never runs, each has one end', async () => {
  stack.upstream.answerWith((call) => (textOf(call) === 'r-0' ? 'quick' : undefined));
  await stack.worker({ WORKER_CONCURRENCY: '50' });
  const { id } = await createBatch(stack, [
    ...chats(1_200),
    { custom_id: 'late', type: 'chat', input: { message: 'late' }, delay_seconds: 3_600 },
  ]);
  await until('one is done, fifty run', async () => {
    const { request_counts } = await getBatch(stack, id);
    return request_counts.completed === 1 && request_counts.in_progress === 50;
  });
  const cancel = async () =>
    (await (
      await stack.request(`/v1/batches/${id}/cancel`, { method: 'POST' })
    ).json()) as PublicBatch;
  const first = await cancel();
  expect(first.status).toBe('cancelling');
  expect((await cancel()).cancel_requested_at).toBe(first.cancel_requested_at);
  const ended = await endedBatch(stack, id);
  expect(ended).toMatchObject({
    status: 'cancelled',
    request_counts: { total: 1_201, completed: 1, cancelled: 1_200, queued: 0, in_progress: 0 },
  });
  expect(stack.upstream.calls.length).toBe(51);
  const results = await resultsOf(stack, id);
  expect(results.length).toBe(1_201);
  expect(results[1_200]).toMatchObject({
    custom_id: 'late',
    status: 'cancelled',
    error: { code: 'cancelled' },
  });
  const events = await stack.auditEvents();
  expect(new Set(events.map(({ job_id }) => job_id)).size).toBe(1_201);
  expect(events.length).toBe(1_201);
  expect(await cancel()).toEqual(ended);
});

test('a batch with an Idempotency-Key is made once', async () => {
  const headers = { 'idempotency-key': 'batch 1' };
  const lines = toLines(chats(300));
  const answers = await Promise.all([1, 2, 3].map(() => postBatch(stack, lines, headers)));
  const made = (await Promise.all(answers.map((answer) => answer.json()))) as PublicBatch[];
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
  const replayed = answers.map((answer) => answer.headers.get('idempotency-replayed'));
  expect(replayed.filter((value) => value === null).length).toBe(1);
  const another = await postBatch(stack, toLines(chats(301)), headers);
  expect(another.status).toBe(422);
  expect(await another.json()).toMatchObject({ code: 'idempotency_key_reused' });
  // The same requests as one document are the same batch; the key of a batch is not one of a job.
  expect((await postBatch(stack, { requests: chats(300) }, headers)).status).toBe(202);
  expect(await stack.redis.zcard(stack.keys.openBatches)).toBe(1);
  const uploads = await stack.redis.keys(`${stack.prefix}:upload:*`);
  expect(uploads).toEqual([]);
  await stack.worker();
  await endedBatch(stack, made[0]?.id as string);
  expect((await postBatch(stack, lines, headers)).status).toBe(200);
  expect(stack.upstream.calls.length).toBe(300);
});
