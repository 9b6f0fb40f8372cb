import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import { indexEntry } from '#packages/store/src/job-index/time-index.ts';
import { idMaker } from '#support/keys.ts';
import { pageOf, walkAll } from '#support/list.ts';
import { problemOf } from '#support/problem.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { sendError } from '#support/upstream.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

const later = { delay_seconds: 3_600 };
const chat = (message: string, more: object = {}) =>
  stack.submit({ type: 'chat', input: { message }, ...more });

const page = (query: Record<string, string> = {}) => pageOf(stack, query);
const walk = (query: Record<string, string>) => walkAll(stack, query);

test('no jobs give an empty list', async () => {
  expect(await page()).toEqual({
    object: 'list',
    data: [],
    has_more: false,
    first_id: null,
    last_id: null,
  });
});

test('jobs are listed newest first, each as it is polled, in pages', async () => {
  const submitted: PublicJob[] = [];
  for (let n = 0; n < 7; n += 1) submitted.push(await chat(`job ${n}`, later));
  const ids = submitted.map(({ id }) => id).toReversed();
  const all = await page();
  expect(all.data.map(({ id }) => id)).toEqual(ids);
  expect(all).toMatchObject({ has_more: false, first_id: ids[0], last_id: ids[6] });
  expect(all.data[2]).toEqual(await stack.get(ids[2] as string));
  const first = await page({ limit: '3' });
  expect(first).toMatchObject({ has_more: true, first_id: ids[0], last_id: ids[2] });
  const walked = await walk({ limit: '3' });
  expect(walked.ids).toEqual(ids);
  expect(walked.pages.map(({ has_more }) => has_more)).toEqual([true, true, false]);
  const oneEach = await walk({ limit: '1' });
  expect(oneEach.pages.length).toBe(7);
});

test('filters: status, type, time', async () => {
  stack.upstream.answerWith((call, res) =>
    call.body.messages[0]?.content === 'bad' ? sendError(res, 400, 'bad') : 'done',
  );
  const begin = new Date().toISOString();
  const good = await chat('good');
  const bad = await chat('bad');
  const queued = await chat('queued', later);
  const cancelled = await chat('cancelled', later);
  const expired = await chat('expired', { ...later, start_within_seconds: 1 });
  const analysis = await stack.submit({ type: 'analysis', input: { text: 'x' }, ...later });
  const worker = await stack.worker();
  await stack.finished(good.id);
  await stack.finished(bad.id);
  await stack.request(`/v1/jobs/${cancelled.id}/cancel`, { method: 'POST' });
  await worker.kill('SIGTERM');
  // It was to start an hour and a second after it was made.
  const key = stack.keys.job('chat', expired.id);
  await stack.redis.hset(key, 'timestamp', Date.now() - 2 * 3_600_000);

  const listed = async (query: Record<string, string>) =>
    (await page({ created_after: begin, ...query })).data.map(({ id }) => id);
  expect(await listed({ status: 'completed' })).toEqual([good.id]);
  expect(await listed({ status: 'failed' })).toEqual([bad.id]);
  expect(await listed({ status: 'queued' })).toEqual([analysis.id, queued.id]);
  expect(await listed({ status: 'cancelled' })).toEqual([cancelled.id]);
  expect(await listed({ status: 'expired' })).toEqual([expired.id]);
  expect(await listed({ status: 'in_progress' })).toEqual([]);
  expect(await listed({ type: 'analysis' })).toEqual([analysis.id]);
  expect(await listed({ type: 'chat', status: 'queued' })).toEqual([queued.id]);
  expect((await listed({})).length).toBe(6);
  const { created_at } = queued;
  expect(await listed({ created_after: created_at })).toContain(queued.id);
  const before = await listed({ created_before: created_at });
  expect(before).not.toContain(queued.id);
  expect(before).toContain(good.id);
  expect(await listed({ created_before: begin })).toEqual([]);
});

test('the cursor may be of a job that is gone, or that never was', async () => {
  const made: string[] = [];
  for (let n = 0; n < 5; n += 1) made.push((await chat(`gone ${n}`, later)).id);
  const [oldest, , middle] = made as [string, string, string];
  await stack.redis.del(stack.keys.job('chat', middle));
  const after = await page({ after: middle, limit: '2' });
  expect(after.data.map(({ id }) => id)).toEqual([made[1], oldest]);
  const before1970 = `chat_${'0'.repeat(12)}7${'0'.repeat(19)}`;
  expect((await page({ after: before1970 })).data).toEqual([]);
});

test('a filter that matches few of many takes several pages, each of which costs little', async () => {
  // 25,000 jobs, as far as the index and the hashes go.
  const nowMs = Date.now() - 10_000_000;
  const expected: string[] = [];
  const { keys } = stack;
  const newId = await idMaker(stack, 'chat');
  const pipeline = stack.redis.pipeline();
  for (let n = 0; n < 25_000; n += 1) {
    const id = newId(nowMs + n);
    const { bucket, entry } = indexEntry(id);
    const index = 'tenant:default';
    pipeline.zadd(keys.index(index), bucket, bucket).append(keys.indexBucket(index, bucket), entry);
    const isFailed = n % 8_000 === 0;
    if (isFailed) expected.unshift(id);
    pipeline.hset(stack.keys.job('chat', id), {
      data: '{"input":{"message":"x","temperature":0,"model":"m"},"user_id":"u","metadata":{},"timeout_seconds":1}',
      opts: '{"attempts":1}',
      timestamp: nowMs + n,
      finishedOn: Date.now(),
      [isFailed ? 'failedReason' : 'returnvalue']: isFailed
        ? '{"code":"upstream_auth","upstream":null}'
        : '{"output":{"response":"r","finish_reason":"stop","model":"m"},"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}',
    });
  }
  await pipeline.exec();
  const query = { status: 'failed', created_before: new Date(nowMs + 25_000).toISOString() };
  const { pages, ids } = await walk(query);
  expect(ids).toEqual(expected);
  expect(pages.length).toBe(3);
  for (const { last_id } of pages) expect(last_id).toMatch(/^chat_[0-9a-f]{32}$/);
  expect(await walk({ ...query, type: 'analysis' })).toMatchObject({ ids: [] });
});

test.each([
  'status=done',
  'status=',
  'type=poem',
  'created_after=yesterday',
  'created_before=2026-13-01T00:00:00Z',
  'limit=0',
  'limit=101',
  'limit=x',
  'after=x',
  'after=',
  'after=evt_chat_1_0',
  'after=chat_01A1FBB51C1A70548F3DB1DB53CD7EA0',
  'after=batch_01a1fbb51c1a70548f3db1db53cd7ea0',
  'state=queued',
])('the query %s is refused', async (query) => {
  const response = await stack.request(`/v1/jobs?${query}`);
  expect(response.status).toBe(400);
  expect((await problemOf(response)).errors[0]?.pointer).toBe(`/${query.split('=')[0]}`);
});
