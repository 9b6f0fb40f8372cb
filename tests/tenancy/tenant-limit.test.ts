import { afterEach, expect, test } from 'vitest';
import type { PublicBatch } from '@promptq/shared/contracts';
import { apiKeys, bearer, keyOf, type Key } from '#support/api-keys.ts';
import { chatBody, json, problemOf } from '#support/problem.ts';
import { startApi, type Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { sendError } from '#support/upstream.ts';
import { accepted, openJobsOf, submitAs } from '#support/tenant-jobs.ts';
import { until } from '#support/until.ts';

let stack: Stack;
const more: Service[] = [];
afterEach(async () => {
  await Promise.all(more.splice(0).map((api) => api.kill('SIGKILL')));
  await stack.close();
});

async function anotherApi(settings: Record<string, string> = {}): Promise<string> {
  const api = await startApi({ ...stack.environment, ...settings });
  more.push(api);
  return api.url;
}

const acme = keyOf('acme', ['jobs']);
const other = keyOf('other', ['jobs']);

const submit = (as: Key | null, submission = {}) => submitAs(stack, as, submission);
const openJobs = (tenant?: string) => openJobsOf(stack, tenant);

test('three API processes asked twice the limit at once let exactly the limit through', async () => {
  stack = await startStack({
    API_KEYS: apiKeys(acme, other),
    MAX_WAITING_JOBS_PER_TENANT: '40',
  });
  const urls = [stack.api.url, ...(await Promise.all([anotherApi(), anotherApi()]))];
  const delayed = await accepted(submit(acme, { more: { delay_seconds: 3_600 } }));
  await accepted(submit(acme, { key: 'known' }));
  const answers = await Promise.all(
    Array.from({ length: 80 }, (_, n) =>
      submit(acme, { url: urls[n % 3] as string, key: n % 2 ? `key-${n}` : '' }),
    ),
  );
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 202).length, 'a delayed job counts').toBe(38);
  expect(statuses.filter((status) => status === 429).length).toBe(42);
  expect((await openJobs('acme')).length).toBe(40);
  const stored = await stack.redis.zcard(stack.keys.prioritized('chat'));
  expect(stored, 'what was refused is not there').toBe(39);
  const takenKeys = await stack.redis.keys(`${stack.keys.idempotency('')}*`);
  const acceptedWithKey = answers.filter(({ status }, n) => status === 202 && n % 2 === 1).length;
  expect(takenKeys.length, 'nor is its key taken').toBe(acceptedWithKey + 1);

  const fairTag = () => stack.redis.hget(stack.keys.fairTags('chat', 1), 'acme');
  const tagBefore = await fairTag();
  const refused = await stack.request('/v1/jobs', {
    method: 'POST',
    headers: { ...json, ...bearer(acme) },
    body: chatBody({ message: 'hi' }),
  });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused.headers.get('ratelimit-policy')).toBe('"tenant";q=40');
  expect(refused.headers.get('ratelimit')).toMatch(/^"tenant";r=0;t=\d+$/);
  const { code, detail } = await problemOf(refused);
  expect(code).toBe('queue_full');
  expect(detail).toContain('40 unfinished jobs');
  expect((await submit(acme, { key: 'new' })).status).toBe(429);
  expect(await fairTag(), 'a refusal costs no position in the fair order').toBe(tagBefore);

  const replay = await submit(acme, { url: urls[1] as string, key: 'known' });
  expect([replay.status, replay.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
  const post = (path: string) =>
    stack.request(path, { method: 'POST', headers: bearer(acme) }).then(({ status }) => status);
  expect(await post(`/v1/jobs/${delayed.id}/cancel`)).toBe(200);
  expect((await openJobs('acme')).length, 'its slot is free with the answer').toBe(39);
  await accepted(submit(acme));
  expect(await post(`/v1/jobs/${delayed.id}/retry`), 'a retry is a job like any other').toBe(429);
  await accepted(submit(other));
  expect(await openJobs('other')).toHaveLength(1);
});

test('jobs keep their slot while they run and free it when they end, however they end', async () => {
  stack = await startStack({ MAX_WAITING_JOBS_PER_TENANT: '4' });
  const release = Promise.withResolvers<void>();
  stack.upstream.answerWith(async (call, res) => {
    const message = call.body.messages[0]?.content;
    if (message === 'bad') return sendError(res, 400, 'bad');
    if (message === 'slow') await release.promise;
    return 'done';
  });
  const cancelled = await accepted(submit(null, { more: { delay_seconds: 3_600 } }));
  const expired = await accepted(submit(null, { more: { start_within_seconds: 1 } }));
  await until('it is expired', async () => (await stack.get(expired.id)).status === 'expired');
  expect(await openJobs(), 'without a worker').toEqual([cancelled.id]);
  await accepted(submit(null, { message: 'bad' }));
  const running = await accepted(submit(null, { message: 'slow' }));
  const quick = await accepted(submit(null));
  expect((await submit(null)).status).toBe(429);
  await stack.request(`/v1/jobs/${cancelled.id}/cancel`, { method: 'POST' });
  expect(await openJobs()).not.toContain(cancelled.id);
  await stack.worker();
  await stack.finished(quick.id);
  await until('only the running one has a place', async () => (await openJobs()).length === 1);
  expect(await openJobs()).toEqual([running.id]);
  expect((await stack.get(running.id)).status).toBe('in_progress');
  for (let n = 0; n < 3; n += 1) await accepted(submit(null, { message: 'slow', key: `k-${n}` }));
  expect((await submit(null)).status).toBe(429);
  release.resolve();
  await until('all have ended', async () => (await openJobs()).length === 0);
  const types = (await stack.auditEvents()).map(({ type }) => type);
  for (const type of ['job.cancelled', 'job.expired', 'job.failed']) expect(types).toContain(type);
  expect(types.filter((type) => type === 'job.completed').length).toBe(5);
});

test('a batch takes no place, and a full tenant may submit one', async () => {
  stack = await startStack({ MAX_WAITING_JOBS_PER_TENANT: '1' });
  const single = await accepted(submit(null));
  const requests = Array.from({ length: 5 }, (_, n) => ({
    custom_id: `n-${n}`,
    type: 'chat',
    input: { message: 'hi' },
  }));
  const answer = await stack.request('/v1/batches', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ requests }),
  });
  expect(answer.status).toBe(202);
  expect(await openJobs()).toEqual([single.id]);
  await stack.worker();
  const { id } = (await answer.json()) as PublicBatch;
  await until('the batch has ended', async () => {
    const batch = (await (await stack.request(`/v1/batches/${id}`)).json()) as PublicBatch;
    return batch.status === 'completed';
  });
});

test('without a limit nothing is written; switched off and on, it leaves nothing behind', async () => {
  stack = await startStack();
  const { redis, keys } = stack;
  const uncounted = [await accepted(submit(null)), await accepted(submit(null, { key: 'a' }))];
  for (const { id } of uncounted)
    expect(await redis.hget(keys.job('chat', id), 'data')).not.toContain('counted');
  expect(await redis.exists(keys.openJobs('default'), keys.tenantsWithOpenJobs)).toBe(0);

  const url = await anotherApi({ MAX_WAITING_JOBS_PER_TENANT: '2' });
  const counted = [await accepted(submit(null, { url })), await accepted(submit(null, { url }))];
  expect((await submit(null, { url })).status).toBe(429);
  expect((await openJobs()).toSorted()).toEqual(counted.map(({ id }) => id).toSorted());
  await accepted(submit(null));
  await stack.worker();
  await until('all have ended', async () => (await stack.auditEvents()).length === 5);
  expect(await openJobs()).toEqual([]);
  await accepted(submit(null, { url }));
});
