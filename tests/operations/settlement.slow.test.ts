import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { backoff, newJobId, openQueue, toStored } from '@promptq/shared/queues';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

const settledCount = () => stack.redis.xlen(stack.keys.audit);

test('completions that are not settled survive 30,000 submissions made while no worker runs', async () => {
  // 40 jobs finish, and the process that finished them dies before it settles.
  const doomed = await stack.worker(
    { DIES_AT: 'before-settlement' },
    'tests/support/crashing-worker.ts',
  );
  const finishedIds: string[] = [];
  for (let n = 0; n < 40; n += 1) {
    finishedIds.push((await stack.submit({ type: 'chat', input: { message: `early ${n}` } })).id);
  }
  await doomed.exited;
  const completedBefore = await stack.redis.zcard(`${stack.prefix}:chat:completed`);
  expect(completedBefore).toBeGreaterThan(0);
  expect(await settledCount()).toBe(0);

  // 30,000 submissions write 60,000 events: six times what BullMQ keeps by default.
  const connection = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const queue = openQueue(connection, stack.prefix, 'chat');
  const data = {
    user_id: 'u',
    metadata: {},
    timeout_seconds: 600,
    start_within_seconds: 86_400,
    priority: 'normal',
    cancel_requested_at: null,
    cancelled_before_start: false,
    retry_of: null,
    webhook: null,
    idempotency: null,
    custom_id: null,
    tenant: 'default',
    counted: false,
    own_secret: false,
  } as const;
  for (let thousand = 0; thousand < 30; thousand += 1) {
    await queue.addBulk(
      Array.from({ length: 1_000 }, (_, n) => ({
        name: 'chat',
        data: toStored({
          ...data,
          input: { message: `late ${thousand}-${n}`, model: 'm', temperature: 0 },
        }),
        opts: { jobId: newJobId('chat'), attempts: 1, backoff },
      })),
    );
  }
  await queue.close();
  connection.disconnect();
  expect(await stack.redis.xlen(stack.keys.events('chat'))).toBeGreaterThan(60_000);

  await stack.worker({ WORKER_CONCURRENCY: '200' });
  await until('all 30,040 jobs are audited', async () => (await settledCount()) >= 30_040);
  const events = await stack.auditEvents();
  expect(events.length).toBe(30_040);
  expect(new Set(events.map(({ job_id }) => job_id)).size).toBe(30_040);
  const audited = new Set(events.map(({ job_id }) => job_id));
  expect(finishedIds.filter((id) => !audited.has(id))).toEqual([]);
  await until(
    'settlement has trimmed the stream',
    async () => (await stack.redis.xlen(stack.keys.events('chat'))) <= 1,
  );
});

test('five processes that settle at once write one audit event for each job', async () => {
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

test('a process that works on chat only settles analysis jobs too', async () => {
  const analysisOnly = await stack.worker(
    {
      WORKER_TYPES: 'analysis',
      DIES_AT: 'before-settlement',
    },
    'tests/support/crashing-worker.ts',
  );
  const { id } = await stack.submit({ type: 'analysis', input: { text: 'sea' } });
  await analysisOnly.exited;
  await stack.worker({ WORKER_TYPES: 'chat' });
  const [event] = await until('it is audited', async () => {
    const seen = await stack.auditEvents();
    return seen.length > 0 && seen;
  });
  expect(event).toMatchObject({ job_id: id, type: 'job.completed', message: 'sea' });
  const waiting = await stack.submit({ type: 'analysis', input: { text: 'nobody works on this' } });
  const done = await stack.submit({ type: 'chat', input: { message: 'x' } });
  await stack.finished(done.id);
  expect((await stack.get(waiting.id)).status).toBe('queued');
});

test('settling wakes up whoever waits for the job, when its audit event is written', async () => {
  const listener = stack.redis.duplicate();
  try {
    const { id } = await stack.submit({ type: 'chat', input: { message: 'x' } });
    const heard: [string, string][] = [];
    listener.on('message', (channel, message) => heard.push([channel, message]));
    await listener.subscribe(stack.keys.wakeUp(id));
    await stack.worker();
    const [channel, message] = await until('the wake-up comes', () => heard[0]);
    const [event] = await stack.auditEvents();
    expect(channel).toBe(stack.keys.wakeUp(id));
    expect(JSON.parse(message)).toEqual({ job_id: id, status: 'completed', event_id: event?.id });
    expect((await stack.get(id)).status).toBe('completed');
  } finally {
    listener.disconnect();
  }
});

test('a job that promptq did not make fails alone and does not stop settlement', async () => {
  await stack.worker();
  const connection = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const queue = openQueue(connection, stack.prefix, 'chat');
  await queue.add('chat', 'junk' as never, { jobId: 'not-ours' });
  await queue.add('chat', { input: { message: 5 } } as never, { jobId: 'not-ours-either' });
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
  await until('it is settled', async () => (await settledCount()) === 1);
  // As after a restart without persistence, for the keys of this test.
  for (const key of await stack.redis.keys(`${stack.prefix}*`)) await stack.redis.unlink(key);
  const { id } = await stack.submit({ type: 'chat', input: { message: 'y' } });
  await stack.finished(id);
  await until('it is settled', async () => (await settledCount()) === 1);
  const kept = await stack.redis.hget(stack.keys.meta('chat'), 'opts.maxLenEvents');
  expect(Number(kept)).toBeGreaterThan(1_000_000);
});

test('audit events are listed newest first, filtered, and paged without gaps', async () => {
  await stack.worker();
  const ids: string[] = [];
  for (let n = 0; n < 7; n += 1) {
    const { id } = await stack.submit({
      type: n % 2 === 0 ? 'chat' : 'analysis',
      input: n % 2 === 0 ? { message: `m${n}` } : { text: `t${n}`, tasks: ['topics'] },
      user_id: `user-${n % 3}`,
    });
    await stack.finished(id);
    await until('it is settled', async () => (await settledCount()) === n + 1);
    ids.push(id);
  }
  type Page = {
    data: { id: string; job_id: string; timestamp: string }[];
    has_more: boolean;
    last_id: string;
  };
  const list = async (query: string) =>
    (await (await stack.request(`/v1/audit?${query}`)).json()) as Page;
  const jobIds = (page: Page) => page.data.map(({ job_id }) => job_id);

  const newestFirst = ids.toReversed();
  expect(jobIds(await list(''))).toEqual(newestFirst);
  const walked: string[] = [];
  let page = await list('limit=3');
  for (;;) {
    walked.push(...jobIds(page));
    if (!page.has_more) break;
    page = await list(`limit=3&after=${page.last_id}`);
  }
  expect(walked).toEqual(newestFirst);
  expect(jobIds(await list('type=analysis'))).toEqual(
    newestFirst.filter((id) => id.startsWith('analysis')),
  );
  expect(jobIds(await list('type=job.failed'))).toEqual([]);
  expect(jobIds(await list('user_id=user-1'))).toEqual([ids[4], ids[1]]);
  const all = await list('');
  const third = all.data[2]?.timestamp as string;
  expect(jobIds(await list(`since=${third}`))).toEqual(newestFirst.slice(0, 3));
  expect(jobIds(await list(`until=${third}`))).toEqual(newestFirst.slice(2));
  expect(jobIds(await list(`job_id=${ids[0]}`))).toEqual([ids[0]]);
  expect(jobIds(await list(`job_id=${ids[0]}&after=${all.data.at(-1)?.id}`))).toEqual([]);
  expect(jobIds(await list('job_id=chat_unknown'))).toEqual([]);
});
