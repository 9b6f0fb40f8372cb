import { afterEach, expect, test } from 'vitest';
import { withDefaults, type JobSpec } from '@promptq/shared/jobs';
import { apiKeys, keyOf, type Key } from '#support/api-keys.ts';
import { idMaker } from '#support/keys.ts';
import { storeOf, unlimited } from '#support/raw-store.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { accepted, openJobsOf, submitAs } from '#support/tenant-jobs.ts';
import { until } from '#support/until.ts';

let stack: Stack;
afterEach(() => stack.close());

const acme = keyOf('acme', ['jobs']);
const other = keyOf('other', ['jobs']);

const submit = (as: Key | null, submission = {}) => submitAs(stack, as, submission);
const openJobs = (tenant?: string) => openJobsOf(stack, tenant);

test('a worker killed before it finishes a job leaks no slot: the next one frees it', async () => {
  stack = await startStack({ MAX_WAITING_JOBS_PER_TENANT: '1' });
  const die = { DIES_AT: 'before-finish' };
  const crashing = await stack.worker(die, 'tests/support/crashing-worker.ts');
  const { id } = await accepted(submit(null));
  expect((await crashing.exited).signal).toBe('SIGKILL');
  expect((await stack.get(id)).finished_at).toBeNull();
  expect(await openJobs(), 'it has not ended').toEqual([id]);
  await stack.worker();
  await until('it has no slot any more', async () => (await openJobs()).length === 0);
  expect((await stack.get(id)).status).toBe('completed');
  await accepted(submit(null));
});

test('a worker killed after it finished a job has freed the slot', async () => {
  stack = await startStack({ MAX_WAITING_JOBS_PER_TENANT: '1' });
  const die = { DIES_AT: 'after-finish' };
  const crashing = await stack.worker(die, 'tests/support/crashing-worker.ts');
  const { id } = await accepted(submit(null));
  expect((await crashing.exited).signal).toBe('SIGKILL');
  expect((await stack.get(id)).status).toBe('completed');
  expect(await openJobs()).toEqual([]);
  await accepted(submit(null));
});

test('slots of jobs that were removed by hand are freed and audited; those of jobs that wait stay', async () => {
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
  const newId = await idMaker(stack, 'analysis');
  const idsOfOther = Array.from({ length: 2_500 }, () => newId());
  await redis.sadd(keys.openJobs('other'), ...idsOfOther);
  await redis.sadd(keys.tenantsWithOpenJobs, 'other');
  expect((await submit(acme)).status).toBe(429);
  expect((await submit(other)).status).toBe(429);

  const store = await storeOf(stack);
  expect(await store.retention.sweepTenantSlots()).toBe(2_502);
  expect((await openJobs('acme')).toSorted()).toEqual([waiting.id, delayed.id].toSorted());
  expect(await redis.smembers(keys.tenantsWithOpenJobs)).toEqual(['acme']);
  await accepted(submit(acme));
  await accepted(submit(other));
  expect(await store.retention.sweepTenantSlots()).toBe(0);
  await store.close();
  const events = (await stack.auditEvents()).filter(({ tenant }) => tenant === 'acme');
  expect(events).toMatchObject([{ type: 'job.removed', job_id: removed.id, user_id: null }]);
  expect((await stack.auditEvents()).length, 'one for each that is gone').toBe(2_501);
});

test('a submission that the connection sends twice finds its own slot, and none when its job has ended', async () => {
  stack = await startStack();
  const { redis, keys } = stack;
  const store = await storeOf(stack, { ...unlimited, maxOpenPerTenant: 1 });
  const { redis: connection } = store.context;
  // ioredis sends a command again whose answer was lost with the connection. This one sends each of them twice.
  const send = connection.sendCommand.bind(connection);
  const repeat: { again: (() => Promise<unknown>) | null } = { again: null };
  connection.sendCommand = (command, stream) => {
    if (command.name === 'evalsha') {
      const args = [...command.args] as string[]; // ioredis puts the text of an unknown script there.
      repeat.again = () => connection.callBuffer('EVALSHA', ...args);
    }
    return send(command, stream);
  };
  const spec: JobSpec = {
    type: 'chat',
    data: withDefaults({ input: { message: 'hi', model: 'm', temperature: 0 } }),
    maxAttempts: 1,
    delaySeconds: 0,
  };
  const added = await store.jobs.add(spec);
  if (added.kind !== 'added') throw new Error(added.kind);
  const first = added.job.id;
  const sendAgain = repeat.again as unknown as () => Promise<unknown[]>;
  expect(String((await sendAgain())[0]), 'the same again is no refusal').toBe('added');
  expect(await store.jobs.add(spec)).toEqual({ kind: 'refused', limit: 'tenant' });
  expect(await redis.zcard(keys.prioritized('chat'))).toBe(1);
  expect(await openJobs()).toEqual([first]);

  await store.jobs.cancel(first, null);
  expect(String((await sendAgain())[0])).toBe('added');
  expect(await openJobs(), 'it has ended and keeps no slot').toEqual([]);
  expect(await redis.zcard(keys.prioritized('chat'))).toBe(0);
  await store.close();
});
