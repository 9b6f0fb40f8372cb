import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { openQueue } from '#support/queue.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const auditCount = () => stack.redis.xlen(stack.keys.audit);
const crashingWorker = 'tests/support/crashing-worker.ts';

async function submitChats(count: number): Promise<string[]> {
  const jobs = Array.from({ length: count }, (_, n) =>
    stack.submit({ type: 'chat', input: { message: `m${n}` } }),
  );
  return (await Promise.all(jobs)).map(({ id }) => id);
}

test('a job that is finished is audited, whatever its process does next: both are one step', async () => {
  const crashing = await stack.worker({ DIES_AT: 'after-finish' }, crashingWorker);
  const ids = await submitChats(40);
  await crashing.exited;
  const finished = [
    ...(await stack.redis.zrange(stack.keys.completed('chat'), '0', '-1')),
    ...(await stack.redis.zrange(stack.keys.failed('chat'), '0', '-1')),
  ];
  expect(finished.length).toBeGreaterThan(0);
  const events = await stack.auditEvents();
  expect(events.map(({ job_id }) => String(job_id)).toSorted()).toEqual(finished.toSorted());
  await stack.worker();
  for (const id of ids) expect((await stack.finished(id)).status).toBe('completed');
  const all = await stack.auditEvents();
  expect(all.map(({ job_id }) => String(job_id)).toSorted()).toEqual(ids.toSorted());
});

test('neither submissions without a worker nor finished jobs leave anything in the event stream of BullMQ', async () => {
  await submitChats(100);
  const whileWaiting = await stack.redis.xlen(stack.keys.events('chat'));
  await stack.worker();
  await until('all are audited', async () => (await auditCount()) === 100);
  expect(await stack.redis.xlen(stack.keys.events('chat'))).toBeLessThanOrEqual(1);
  expect(whileWaiting, 'two entries for a submission at most').toBeLessThanOrEqual(200);
});

test('a large answer is kept whole, and twice only where it has to be', async () => {
  const answer = 'x'.repeat(900_000);
  stack.upstream.answerWith(() => answer);
  await stack.worker();
  const { id } = await stack.submit({ type: 'chat', input: { message: 'tell me much' } });
  expect((await stack.finished(id)).output).toMatchObject({ response: answer });
  const [event] = await stack.auditEvents();
  expect(event).toMatchObject({ job_id: id, type: 'job.completed' });
  expect(event?.reply?.length).toBe(100);
  let holders = 0;
  for await (const names of stack.redis.scanStream({ match: `${stack.prefix}*` })) {
    for (const name of names as string[]) {
      if (Number(await stack.redis.memory('USAGE', name, 'SAMPLES', 0)) > 900_000) holders += 1;
    }
  }
  // The job's hash; the output that was streamed, which expires soon.
  expect(holders).toBeLessThanOrEqual(2);
});

test('five processes at once write one audit event for each job', async () => {
  const ids = await Promise.all(
    Array.from(
      { length: 300 },
      async (_, n) => (await stack.submit({ type: 'chat', input: { message: `m${n}` } })).id,
    ),
  );
  await Promise.all(Array.from({ length: 5 }, () => stack.worker({ WORKER_CONCURRENCY: '5' })));
  const events = await until('300 audit events', async () => {
    const seen = await stack.auditEvents();
    return seen.length >= 300 && seen;
  });
  expect(events.map(({ job_id }) => String(job_id)).toSorted()).toEqual(ids.toSorted());
  for (const id of ids) expect((await stack.get(id)).status).toBe('completed');
});

test('the end of a job wakes up whoever waits for it, when its audit event is written', async () => {
  const listener = stack.redis.duplicate();
  try {
    const { id } = await stack.submit({ type: 'chat', input: { message: 'x' } });
    const messages: [string, string][] = [];
    listener.on('message', (channel, message) => messages.push([channel, message]));
    await listener.subscribe(stack.keys.wakeUpChannel(id));
    await stack.worker();
    const [channel, message] = await until('the wake-up comes', () => messages[0]);
    const [event] = await stack.auditEvents();
    expect(channel).toBe(stack.keys.wakeUpChannel(id));
    const { fields, ...end } = JSON.parse(message) as { fields: string[] };
    expect(end).toEqual({ job_id: id, status: 'completed', event_id: event?.id });
    const hash = await stack.redis.hgetall(stack.keys.job('chat', id));
    expect(fields.toSorted(), 'a client needs no further look').toEqual(
      Object.entries(hash).flat().toSorted(),
    );
    expect((await stack.get(id)).status).toBe('completed');
  } finally {
    listener.disconnect();
  }
});

test('a job that promptq did not make fails alone and is audited by what its end tells', async () => {
  await stack.worker();
  const connection = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const queue = openQueue({ redis: connection, prefix: stack.prefix }, 'chat');
  await queue.add('chat', 'junk', { jobId: 'not-ours' });
  await queue.add('chat', { input: { message: 5 } }, { jobId: 'not-ours-either' });
  await queue.close();
  connection.disconnect();
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' } });
  expect((await stack.finished(id)).status).toBe('completed');
  const events = await until('all three are audited', async () => {
    const seen = await stack.auditEvents();
    return seen.length === 3 && seen;
  });
  const foreign = events.find(({ job_id }) => job_id === 'not-ours');
  expect(foreign).toMatchObject({
    type: 'job.failed',
    error: { code: 'internal_error' },
    user_id: null,
  });
});

test('a Redis that lost all its data is used again without a restart', async () => {
  await stack.worker();
  const before = await stack.submit({ type: 'chat', input: { message: 'x' } });
  await stack.finished(before.id);
  expect(await auditCount()).toBe(1);
  // As after a restart without persistence, for the keys of this test.
  for (const key of await stack.redis.keys(`${stack.prefix}*`)) await stack.redis.unlink(key);
  const { id } = await stack.submit({ type: 'chat', input: { message: 'y' } });
  await stack.finished(id);
  expect(await auditCount()).toBe(1);
  expect((await stack.get(id)).status, 'the queues have their numbers again').toBe('completed');
});
