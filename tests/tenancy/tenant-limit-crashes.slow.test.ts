import { afterEach, expect, test } from 'vitest';
import {
  addGuarded,
  bullJob,
  chatDataSchema,
  newJobId,
  openQueue,
  type NewJob,
} from '@promptq/shared/queues';
import { tenantLimit } from '#packages/api/src/limits/tenant-limit.ts';
import { sweepOpenJobs } from '#packages/worker/src/retention/open-jobs-sweep.ts';
import { apiKeys, keyOf, type Key } from '#support/api-keys.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { accepted, placesOf, submitAs } from '#support/tenant-jobs.ts';
import { until } from '#support/until.ts';

let stack: Stack;
afterEach(() => stack.close());

const acme = keyOf('acme', ['jobs']);
const other = keyOf('other', ['jobs']);
const data = chatDataSchema.parse({ input: { message: 'hi', model: 'm' } });

const submit = (as: Key | null, submission = {}) => submitAs(stack, as, submission);
const openJobs = (tenant?: string) => placesOf(stack, tenant);

test('a worker killed before it settles leaks no place: the next one frees it', async () => {
  stack = await startStack({ MAX_WAITING_JOBS_PER_TENANT: '1' });
  const die = { DIES_AT: 'before-settlement' };
  const doomed = await stack.worker(die, 'tests/support/crashing-worker.ts');
  const { id } = await accepted(submit(null));
  expect((await doomed.exited).signal).toBe('SIGKILL');
  expect((await stack.get(id)).status).toBe('completed');
  expect(await openJobs(), 'the end was not settled').toEqual([id]);
  await stack.worker();
  await until('it has no place any more', async () => (await openJobs()).length === 0);
  await accepted(submit(null));
});

test('a worker killed after it settled has freed the place', async () => {
  stack = await startStack({ MAX_WAITING_JOBS_PER_TENANT: '1' });
  const die = { DIES_AT: 'after-settlement' };
  const doomed = await stack.worker(die, 'tests/support/crashing-worker.ts');
  await accepted(submit(null));
  expect((await doomed.exited).signal).toBe('SIGKILL');
  expect(await openJobs()).toEqual([]);
  await accepted(submit(null));
});

test('places whose jobs are gone, or ended unnoticed, are swept away; those of jobs that wait stay', async () => {
  stack = await startStack({
    API_KEYS: apiKeys(acme, other),
    MAX_WAITING_JOBS_PER_TENANT: '4',
  });
  const waiting = await accepted(submit(acme));
  const delayed = await accepted(submit(acme, { more: { delay_seconds: 3_600 } }));
  const removed = await accepted(submit(acme));
  const unnoticed = await accepted(submit(acme));
  const { redis, keys } = stack;
  await redis.del(keys.job('chat', removed.id));
  await redis.zrem(keys.prioritized('chat'), removed.id);
  await redis.hset(keys.job('chat', unnoticed.id), 'finishedOn', Date.now());
  const ofOther = Array.from({ length: 2_500 }, () => newJobId('analysis'));
  await redis.sadd(keys.openJobs('other'), ...ofOther);
  await redis.sadd(keys.tenantsWithOpenJobs, 'other');
  expect((await submit(acme)).status).toBe(429);
  expect((await submit(other)).status).toBe(429);

  expect(await sweepOpenJobs(redis, keys)).toBe(2_502);
  expect((await openJobs('acme')).toSorted()).toEqual([waiting.id, delayed.id].toSorted());
  expect(await redis.smembers(keys.tenantsWithOpenJobs)).toEqual(['acme']);
  await accepted(submit(acme));
  await accepted(submit(other));
  expect(await sweepOpenJobs(redis, keys)).toBe(0);
});

test('a transaction that the connection sends twice finds its own place, and none when its job has ended', async () => {
  stack = await startStack();
  const { redis, keys, prefix } = stack;
  const connection = redis.duplicate({ maxRetriesPerRequest: null });
  const queue = openQueue(connection, prefix, 'chat');
  await queue.waitUntilReady();
  const limit = tenantLimit(connection, keys, 1);
  const add = (id: string) => {
    const job: NewJob = { id, type: 'chat', data, maxAttempts: 1, delayMs: 0, priority: 0 };
    const { own, args, take: guard, keep: conclude } = limit.placeOf(job);
    const jobs = [bullJob(queue, job)];
    return addGuarded(connection, keys, { jobs, own, args, guard, conclude });
  };
  const [first, second] = [newJobId('chat'), newJobId('chat')];
  expect(await add(first)).toBeNull();
  expect(await add(first), 'the same again is no refusal').toBeNull();
  expect(() => limit.check(null)).not.toThrow();
  const refusal = await add(second);
  expect(() => limit.check(refusal)).toThrow('have not ended');
  expect(await redis.exists(keys.job('chat', second))).toBe(0);
  expect(await openJobs()).toEqual([first]);

  await redis.hset(keys.job('chat', first), 'finishedOn', Date.now());
  await redis.srem(keys.openJobs('default'), first);
  expect(await add(first)).toBeNull();
  expect(await openJobs(), 'it was settled and keeps no place').toEqual([]);
  await queue.close();
  connection.disconnect();
});
