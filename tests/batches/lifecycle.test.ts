import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PublicBatch, PublicJob } from '@promptq/shared/contracts';
import { chats, createBatch, endedBatch, getBatch, postBatch, resultsOf } from '#support/batch.ts';
import { promote } from '#support/promote.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';
import { sendError } from '#support/upstream.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const textOf = (call: { body: { messages: { content: string }[] } }) =>
  call.body.messages.at(-1)?.content ?? '';

test('a batch runs, is counted while it runs, and its results come in input order', async () => {
  let holdBack = Promise.withResolvers<void>();
  stack.upstream.answerWith(async (call, res) => {
    const text = textOf(call);
    if (text === 'bad') return sendError(res, 400, 'bad');
    // The first one ends last.
    if (text === 'r-0') await holdBack.promise;
    return `answer ${text}`;
  });
  await stack.worker();
  const response = await postBatch(stack, {
    requests: [
      ...chats(3),
      { custom_id: 'ä ✓', type: 'chat', input: { message: 'bad' }, metadata: { a: 'b' } },
      { custom_id: 'analysis', type: 'analysis', input: { text: 'x', tasks: ['sentiment'] } },
      {
        custom_id: 'late',
        type: 'chat',
        input: { message: 'x' },
        delay_seconds: 3_600,
        start_within_seconds: 1,
        priority: 'low',
      },
    ],
    metadata: { name: 'first' },
  });
  expect(response.status).toBe(202);
  const created = (await response.json()) as PublicBatch;
  expect(response.headers.get('location')).toBe(`/v1/batches/${created.id}`);
  expect(response.headers.get('retry-after')).toBe('2');
  expect(created).toEqual({
    id: created.id,
    object: 'batch',
    status: 'in_progress',
    request_counts: {
      total: 6,
      queued: 6,
      in_progress: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
      expired: 0,
    },
    metadata: { name: 'first' },
    created_at: created.created_at,
    finished_at: null,
    expires_at: null,
    cancel_requested_at: null,
    urls: {
      self: `/v1/batches/${created.id}`,
      results: `/v1/batches/${created.id}/results`,
      cancel: `/v1/batches/${created.id}/cancel`,
    },
  });
  const midway = await until('all but two have ended', async () => {
    const batch = await getBatch(stack, created.id);
    return batch.request_counts.completed + batch.request_counts.failed === 4 && batch;
  });
  expect(midway.request_counts).toMatchObject({
    queued: 1,
    in_progress: 1,
    completed: 3,
    failed: 1,
  });
  const part = await resultsOf(stack, created.id);
  expect(part.map(({ custom_id }) => custom_id)).toEqual(['r-1', 'r-2', 'ä ✓', 'analysis']);
  expect(part[0]).toMatchObject({
    status: 'completed',
    output: { response: 'answer r-1' },
    error: null,
    usage: { total_tokens: 15 },
  });
  expect(part[2]).toMatchObject({
    status: 'failed',
    output: null,
    error: { code: 'upstream_invalid_request' },
  });
  const failed = await stack.get(part[2]?.id as string);
  expect(failed).toMatchObject({
    batch_id: created.id,
    custom_id: 'ä ✓',
    metadata: { a: 'b' },
    created_at: created.created_at,
  });

  holdBack.resolve();
  const queued = await (await stack.request('/v1/jobs?status=queued')).json();
  const [late] = (queued as { data: PublicJob[] }).data;
  expect(late?.custom_id).toBe('late');
  await promote(stack, late?.id ?? '');
  const ended = await endedBatch(stack, created.id);
  expect(ended).toMatchObject({
    status: 'completed',
    request_counts: { total: 6, queued: 0, in_progress: 0, failed: 1 },
  });
  expect(Date.parse(ended.expires_at as string) - Date.parse(ended.finished_at as string)).toBe(
    86_400_000,
  );
  const results = await resultsOf(stack, created.id);
  expect(results.map(({ custom_id }) => custom_id)).toEqual([
    'r-0',
    'r-1',
    'r-2',
    'ä ✓',
    'analysis',
    'late',
  ]);
  const events = await stack.auditEvents();
  expect(events.map(({ job_id }) => String(job_id)).toSorted()).toEqual(
    results.map(({ id }) => id).toSorted(),
  );
  expect(await stack.redis.zcard(stack.keys.openBatches)).toBe(0);
  const list = (await (await stack.request('/v1/jobs?limit=100')).json()) as { data: PublicJob[] };
  expect(list.data.map(({ id }) => id).toSorted()).toEqual(results.map(({ id }) => id).toSorted());
  const retried = await stack.request(`/v1/jobs/${part[2]?.id}/retry`, { method: 'POST' });
  expect(await retried.json()).toMatchObject({
    batch_id: null,
    custom_id: null,
    retry_of: part[2]?.id,
  });
  for (const key of [stack.keys.batch(ended.id), stack.keys.batchResults(ended.id)])
    expect(await stack.redis.ttl(key)).toBeGreaterThan(86_000);
  expect(await stack.redis.exists(stack.keys.batchWaiting(ended.id))).toBe(0);
  await stack.redis.del(stack.keys.batch(ended.id));
  for (const path of ['', '/results']) {
    expect((await stack.request(`/v1/batches/${ended.id}${path}`)).status).toBe(404);
  }
});

test('a batch never starves single jobs: they go first, whatever it has waiting', async () => {
  const order: string[] = [];
  stack.upstream.answerWith((call) => {
    order.push(textOf(call));
    return 'done';
  });
  await stack.worker({ WORKER_CONCURRENCY: '2' });
  const { id } = await createBatch(stack, chats(1_500, { priority: 'high' }));
  await until('the batch runs', () => order.length > 20);
  const single = await stack.submit({
    type: 'chat',
    input: { message: 'single' },
    priority: 'low',
  });
  const startedBefore = order.length;
  await stack.finished(single.id);
  expect(
    order.indexOf('single') - startedBefore,
    'it waits for what runs, not for what waits',
  ).toBeLessThan(60);
  expect((await getBatch(stack, id)).status).toBe('in_progress');
  const waiting = await stack.redis.zcard(stack.keys.prioritized('chat'));
  expect(waiting).toBeLessThanOrEqual(1_000);
  await endedBatch(stack, id);
  const results = await resultsOf(stack, id);
  expect(results.map(({ custom_id }) => custom_id)).toEqual(chats(1_500).map((_, n) => `r-${n}`));
});
