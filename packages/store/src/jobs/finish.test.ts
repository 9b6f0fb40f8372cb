import { afterEach, expect, test } from 'vitest';
import { batchJobId, newBatchId, type JobRecord } from '@promptq/shared/jobs';
import {
  chatResult,
  chatSpec,
  openObservedStore,
  type ObservedStore,
} from '../testing/observed-store.ts';

let opened: ObservedStore;
afterEach(() => opened.close());

async function add(spec = chatSpec(), key: string | null = null): Promise<JobRecord> {
  const added = await opened.store.jobs.add(
    spec,
    key === null ? null : { scope: key, fingerprint: 'f' },
  );
  if (added.kind !== 'added') throw new Error(added.kind);
  return added.job;
}

async function finished(id: string): Promise<JobRecord> {
  const find = () => opened.store.jobs.find(id, 'default');
  await expect
    .poll(async () => (await find())?.state, { timeout: 10_000 })
    .toHaveProperty('finishedAtMs');
  return (await find()) as JobRecord;
}

test('the end of a job writes the audit event, the delivery and the wake-up, and cleans up after it', async () => {
  opened = await openObservedStore({
    limits: { maxWaiting: 9, maxOpenPerTenant: 9, tenantWeights: null },
  });
  const { redis, keys, auditEvents } = opened;
  const webhook = { url: 'https://example.com/"hook"', include_output: true };
  const job = await add(chatSpec({ webhook, metadata: { order: 'ä/"42"' } }), 'key');
  const messages: string[] = [];
  const subscriber = redis.duplicate();
  subscriber.on('message', (_channel, message: string) => messages.push(message));
  await subscriber.subscribe(keys.wakeUpChannel(job.id));
  opened.worker(async () => chatResult('ünïcode "quoted"'));
  await finished(job.id);

  const [event, ...others] = await auditEvents();
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    id: `evt_${job.id}`,
    type: 'job.completed',
    job_id: job.id,
    attempts: 1,
    reply: 'ünïcode "quoted"',
    usage: { total_tokens: 5 },
    worker: 'test-worker',
    error: null,
  });
  const delivery = JSON.parse((await redis.hget(keys.delivery(`dlv_${job.id}`), 'data')) as string);
  expect(delivery).toMatchObject({ url: webhook.url, event_id: `evt_${job.id}` });
  expect(JSON.parse(delivery.body)).toMatchObject({
    type: 'job.completed',
    data: {
      metadata: { order: 'ä/"42"' },
      output_included: true,
      output: { response: 'ünïcode "quoted"' },
    },
  });
  expect(await redis.lrange(keys.delivery('wait'), 0, -1)).toEqual([`dlv_${job.id}`]);
  await expect.poll(() => messages).toHaveLength(1);
  expect(JSON.parse(messages[0] as string)).toMatchObject({ job_id: job.id, status: 'completed' });
  expect(await redis.exists(keys.openJobs('default'))).toBe(0);
  expect(await redis.ttl(keys.idempotency('key'))).toBeGreaterThan(0);
  expect(await redis.xlen(keys.queueKey('chat.default', 'events'))).toBe(0);
  expect(opened.finished).toEqual([
    { jobId: job.id, type: 'chat', status: 'completed', endedBatch: null },
  ]);
  subscriber.disconnect();
});

test('a job that fails for good, one that is retried and one that stalls too often each end once', async () => {
  opened = await openObservedStore();
  const [failing, retried, stalled] = [
    await add({ ...chatSpec(), maxAttempts: 1 }),
    await add(),
    await add(chatSpec({ user_id: 'stalls' })),
  ];
  opened.worker(async (job) => {
    // The lock of this one expires, as when its process dies: BullMQ gives it to a worker again and fails it at last.
    if (job.data.user_id === 'stalls') {
      await opened.redis.del(`${opened.keys.job('chat.default', job.id as string)}:lock`);
      await new Promise((resolve) => setTimeout(resolve, 400));
      return chatResult('too late');
    }
    if (job.id === failing.id || job.attemptsMade === 0)
      throw new Error(JSON.stringify({ code: 'timeout', upstream: null }));
    return chatResult();
  });
  expect((await finished(failing.id)).state).toMatchObject({ failure: { code: 'timeout' } });
  expect((await finished(retried.id)).state).toMatchObject({ at: 'completed' });
  expect((await finished(stalled.id)).state).toMatchObject({ failure: { code: 'worker_lost' } });
  const events = await opened.auditEvents();
  const types = new Map(events.map(({ job_id, type }) => [job_id, type]));
  expect(events).toHaveLength(3);
  expect(types.get(failing.id)).toBe('job.failed');
  expect(types.get(retried.id)).toBe('job.completed');
  expect(types.get(stalled.id)).toBe('job.failed');
});

test('a job that was not written by promptq ends with an audit event of what is known', async () => {
  opened = await openObservedStore();
  const { redis, keys } = opened;
  const id = 'foreign-job';
  opened.worker(async () => {
    throw new Error('no such input');
  });
  const root = keys.queueRoot('chat.default');
  await redis.hset(`${root}${id}`, { name: 'x', data: '[1]', opts: '{}', timestamp: Date.now() });
  await redis.lpush(`${root}wait`, id);
  await redis.zadd(`${root}marker`, 0, '0');
  await expect.poll(() => opened.auditEvents()).toHaveLength(1);
  expect(await opened.auditEvents()).toMatchObject([
    { id: `evt_${id}`, type: 'job.failed', job_id: id, error: { code: 'internal_error' } },
  ]);
});

test('the finish of a batch job counts it once, and the last one ends the batch and enqueues its webhook', async () => {
  opened = await openObservedStore();
  const { redis, keys, context } = opened;
  const batchId = newBatchId();
  const number = context.queues.numberOf('chat');
  await redis.hset(keys.batch(batchId), {
    total: 1,
    left: 1,
    released: 1,
    created_at: 1,
    metadata: '{"a":"ü/\\"x\\""}',
    webhook_url: 'https://example.com/"b"',
    tenant: 'default',
    idempotency_scope: 'batch-key',
  });
  await redis.hset(keys.batchResults(batchId), '0', 'c"my\\"id"');
  await redis.set(keys.idempotency('batch-key'), batchId);
  await redis.zadd(keys.openBatches, 1, batchId);
  const id = batchJobId(batchId, { type: 'chat', queueNumber: number, index: 0 });
  const root = keys.queueRoot('chat.default');
  const data = JSON.stringify({ input: { message: 'Hi', model: 'm' } });
  await redis.hset(`${root}${id}`, {
    name: 'chat',
    data,
    opts: '{"attempts":1}',
    timestamp: Date.now(),
  });
  opened.worker(async () => chatResult());
  await redis.lpush(`${root}wait`, id);
  await redis.zadd(`${root}marker`, 0, '0');
  await expect.poll(() => redis.hget(keys.batch(batchId), 'finished_at')).not.toBeNull();
  expect(await redis.hgetall(keys.batch(batchId))).toMatchObject({ left: '0', completed: '1' });
  const line = JSON.parse((await redis.hget(keys.batchResults(batchId), '0')) as string);
  expect(line).toMatchObject({
    custom_id: 'my"id',
    id,
    status: 'completed',
    output: { response: 'Hello' },
  });
  expect(await redis.zcard(keys.openBatches)).toBe(0);
  const delivery = JSON.parse(
    (await redis.hget(keys.delivery(`dlv_${batchId}`), 'data')) as string,
  );
  expect(delivery).toMatchObject({
    url: 'https://example.com/"b"',
    event_type: 'batch.completed',
    own_secret: false,
  });
  expect(JSON.parse(delivery.body)).toEqual({
    id: `evt_${batchId}`,
    object: 'event',
    type: 'batch.completed',
    created_at: expect.any(Number),
    data: {
      id: batchId,
      object: 'batch',
      status: 'completed',
      request_counts: {
        total: 1,
        queued: 0,
        in_progress: 0,
        completed: 1,
        failed: 0,
        cancelled: 0,
        expired: 0,
      },
      metadata: { a: 'ü/"x"' },
    },
  });
  expect(await redis.ttl(keys.idempotency('batch-key'))).toBeGreaterThan(0);
  expect(opened.finished).toMatchObject([{ endedBatch: batchId }]);
});
