import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { batchResultSchema } from '@promptq/shared/contracts';
import { deliveryIdOf } from '@promptq/shared/webhooks';
import {
  chatSpec,
  createTestBatch,
  openTestStore,
  resultsOf,
  startTestWorker,
  type TestStore,
} from '../testing/test-store.ts';
import { batchJobId } from '@promptq/shared/jobs';
import type { BatchRecord } from './record.ts';

const neverSpec = { tenant: 'default', metadata: {}, webhookUrl: null, ownSecret: false };

/** Waits until the expectation holds. */
const eventually = (expectation: () => Promise<void> | void) =>
  vi.waitFor(expectation, { timeout: 60_000, interval: 20 });

async function recordOf({ batches }: TestStore, id: string): Promise<BatchRecord> {
  const found = await batches.find(id, null);
  if (!found) throw new Error('the batch is gone');
  return found.record;
}

function jobOf({ context }: TestStore, batchId: string, index: number): string {
  return batchJobId(batchId, { type: 'chat', queueNumber: context.queues.numberOf('chat'), index });
}

test('one Idempotency-Key creates one batch, and the second upload is removed', async () => {
  const store = await openTestStore();
  const { redis, keys } = store.context;
  const create = async (fingerprint: string) => {
    const uploadId = randomUUID();
    await store.batches.stage(uploadId, [{ index: 0, customId: 'a', spec: chatSpec() }]);
    const batch = { uploadId, total: 1, ...neverSpec };
    const created = await store.batches.create(batch, { scope: 'digest', fingerprint });
    expect(await redis.exists(keys.stagedWaiting(uploadId), keys.stagedResults(uploadId))).toBe(0);
    return created;
  };
  const first = await create('one');
  expect(first).toEqual({ id: first.id, kind: 'created', fingerprint: 'one' });
  expect(await create('two')).toEqual({ id: first.id, kind: 'replayed', fingerprint: 'one' });
  expect(await store.batches.openIds(10)).toEqual([first.id]);
  expect(await redis.ttl(keys.batchWaiting(first.id))).toBe(-1);

  await redis.del(keys.batch(first.id));
  expect(await create('three')).toMatchObject({ kind: 'created', fingerprint: 'three' });
});

test('an upload that is not complete creates no batch, and a dropped one is gone', async () => {
  const store = await openTestStore();
  const uploadId = randomUUID();
  await store.batches.stage(uploadId, [{ index: 0, customId: 'a', spec: chatSpec() }]);
  await expect(store.batches.create({ uploadId, total: 2, ...neverSpec }, null)).rejects.toThrow(
    'the job store is not available',
  );
  await store.batches.dropUpload(uploadId);
  const left = await store.context.redis.keys(`${store.context.keys.root}upload:*`);
  expect(left).toEqual([]);
  expect(await store.batches.openIds(10)).toEqual([]);
});

test('another tenant neither finds a batch nor cancels it', async () => {
  const store = await openTestStore();
  const id = await createTestBatch(store, 1, { tenant: 'a' });
  expect(await store.batches.find(id, 'b')).toBeNull();
  expect(await store.batches.cancel(id, 'b')).toBeNull();
  expect((await store.batches.find(id, 'a'))?.record.cancel_requested_at).toBeUndefined();
  expect(await store.batches.find('batch_unknown', null)).toBeNull();
});

test('a batch runs to its end through finish.lua: results in input order, counts, expiry', async () => {
  const store = await openTestStore();
  const ended: (string | null)[] = [];
  store.context.onFinished = ({ endedBatch }) => ended.push(endedBatch);
  const id = await createTestBatch(store, 30);
  expect(await resultsOf(store, id, 30)).toEqual([]);
  expect(await store.batches.release(await recordOf(store, id))).toBe(30);

  const gate = Promise.withResolvers<void>();
  startTestWorker(store, () => gate.promise);
  await eventually(async () => expect((await store.batches.find(id, null))?.active).toBe(20));
  gate.resolve();
  await eventually(async () => expect(await recordOf(store, id)).toMatchObject({ left: 0 }));

  const { record, active } = (await store.batches.find(id, null)) ?? {};
  expect(record).toMatchObject({ total: 30, released: 30, completed: 30, failed: 0 });
  expect(active).toBe(0);
  const results = await resultsOf(store, id, 30);
  expect(results.map((line) => batchResultSchema.parse(line).custom_id)).toEqual(
    Array.from({ length: 30 }, (_, index) => `request "${index}"`),
  );
  expect(await store.batches.openIds(10)).toEqual([]);
  expect(ended.filter((batch) => batch !== null)).toEqual([id]);
  const { redis, keys } = store.context;
  expect(await redis.ttl(keys.batch(id))).toBeGreaterThan(0);
  expect(await redis.ttl(keys.batchResults(id))).toBeGreaterThan(0);
});

test('requests are released once, however many processes release them', async () => {
  const store = await openTestStore();
  const id = await createTestBatch(store, 250);
  const record = await recordOf(store, id);
  const counts = await Promise.all([1, 2, 3].map(() => store.batches.release(record)));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(250);
  expect(await store.batches.release(record)).toBe(0);
  const { redis, keys } = store.context;
  expect(await redis.zcard(keys.ofQueue('chat.default', 'prioritized'))).toBe(250);
  expect(await redis.llen(keys.batchWaiting(id))).toBe(0);
  expect(await recordOf(store, id)).toMatchObject({ released: 250, left: 250 });
});

test('at most a window of a batch is released, and what finishes makes room', async () => {
  const store = await openTestStore();
  const id = await createTestBatch(store, 1_100);
  expect(await store.batches.release(await recordOf(store, id))).toBe(1_000);
  expect(await store.batches.release(await recordOf(store, id))).toBe(0);
  await store.jobs.cancel(jobOf(store, id, 0), null);
  expect(await store.batches.release(await recordOf(store, id))).toBe(1);
});

test('the times of a request count from the creation of its batch', async () => {
  const store = await openTestStore();
  const spec = { ...chatSpec({ start_within_seconds: 100 }), delaySeconds: 50 };
  const id = await createTestBatch(store, 1, { spec });
  const record = await recordOf(store, id);
  await store.batches.release({ ...record, created_at: record.created_at - 60_000 });
  const job = await store.jobs.find(jobOf(store, id, 0), null);
  expect(job?.state).toEqual({ at: 'waiting' });
  const expected = record.created_at - 60_000 + 150_000;
  expect(job?.startByMs).toBeGreaterThanOrEqual(expected);
  expect(job?.data.start_within_seconds).toBeLessThanOrEqual(90);
});

test('a request that is released after the cancellation is cancelled at once, without a worker', async () => {
  const store = await openTestStore();
  const id = await createTestBatch(store, 120);
  const stale = await recordOf(store, id);
  const cancelled = await store.batches.cancel(id, 'default');
  expect(cancelled?.record.cancel_requested_at).toBeTypeOf('number');
  // A process that has not seen the cancellation releases nothing.
  expect(await store.batches.release(stale)).toBe(0);
  expect(await store.batches.release(await recordOf(store, id))).toBe(120);
  const record = await recordOf(store, id);
  expect(record).toMatchObject({ cancelled: 120, left: 0, cancel_propagated: 120 });
  expect(record.finished_at).toBeTypeOf('number');
  const job = await store.jobs.find(jobOf(store, id, 7), null);
  expect(job?.data.cancel_requested_at).toBe(record.cancel_requested_at);
  expect(job?.state).toMatchObject({ at: 'failed', failure: { code: 'cancelled' } });
});

test('a released request whose process died before it was cancelled is cancelled by the next call', async () => {
  const store = await openTestStore();
  const id = await createTestBatch(store, 40);
  await store.batches.cancel(id, null);
  const record = await recordOf(store, id);
  const { backendOf } = store.context;
  store.context.backendOf = () => {
    throw new TypeError('the process died here');
  };
  await expect(store.batches.release(record)).rejects.toThrow('the process died here');
  store.context.backendOf = backendOf;
  expect(await recordOf(store, id)).toMatchObject({ released: 20, cancel_propagated: 0, left: 40 });

  await store.batches.cancelReleased(await recordOf(store, id));
  expect(await recordOf(store, id)).toMatchObject({ cancel_propagated: 20, cancelled: 20 });
  await store.batches.release(await recordOf(store, id));
  expect(await recordOf(store, id)).toMatchObject({
    cancel_propagated: 40,
    cancelled: 40,
    left: 0,
  });
});

test('a batch of 300 requests is cancelled: those that run are aborted, and no other is begun', async () => {
  const store = await openTestStore();
  const id = await createTestBatch(store, 300);
  await store.batches.release(await recordOf(store, id));
  const begun = new Set<string>();
  const gate = Promise.withResolvers<void>();
  startTestWorker(store, async (jobId) => {
    const data = await store.context.redis.hget(
      store.context.keys.job('chat.default', jobId),
      'data',
    );
    // A worker refuses a flagged job.
    if (data?.startsWith('{"cancel_requested_at":'))
      throw new Error('{"code":"cancelled","upstream":null}');
    begun.add(jobId);
    await gate.promise;
    throw new Error('{"code":"cancelled","upstream":null}');
  });
  await eventually(() => expect(begun.size).toBe(20));
  const subscriber = store.context.redis.duplicate();
  const told = new Set<string>();
  subscriber.on('message', (_channel, jobId: string) => told.add(jobId));
  await subscriber.subscribe(store.context.keys.cancelChannel);

  await store.batches.cancel(id, null);
  await store.batches.cancelReleased(await recordOf(store, id));
  await eventually(() => expect(told).toEqual(begun));
  subscriber.disconnect();
  expect(await recordOf(store, id)).toMatchObject({
    cancelled: 280,
    left: 20,
    cancel_propagated: 300,
  });
  gate.resolve();
  await eventually(async () =>
    expect(await recordOf(store, id)).toMatchObject({ cancelled: 300, left: 0 }),
  );
  expect(begun.size).toBe(20);
});

test('the webhook of a batch has the body that is documented, whatever is in the metadata and the URL', async () => {
  const store = await openTestStore();
  const metadata = {
    '10': 'first',
    'a "b"': String.raw`c\d / é 日本 😀 </script>`,
    tab: '\t\u0001\u007f\u2028',
  };
  const url = 'https://example.com/päth/"x"?q=a\\b';
  const id = await createTestBatch(store, 2, {
    metadata,
    webhookUrl: url,
    ownSecret: true,
    tenant: 'té"nant',
  });
  await store.batches.release(await recordOf(store, id));
  await store.jobs.cancel(jobOf(store, id, 1), null);
  startTestWorker(store);
  await eventually(async () => expect((await recordOf(store, id)).left).toBe(0));
  const { redis, keys } = store.context;
  const { finished_at = 0 } = await recordOf(store, id);
  const data = await redis.hget(keys.delivery(deliveryIdOf(id)), 'data');
  const body = {
    id: `evt_${id}`,
    object: 'event',
    type: 'batch.completed',
    created_at: Math.floor(finished_at / 1_000),
    data: {
      id,
      object: 'batch',
      status: 'completed',
      request_counts: {
        total: 2,
        queued: 0,
        in_progress: 0,
        completed: 1,
        failed: 0,
        cancelled: 1,
        expired: 0,
      },
      metadata,
    },
  };
  expect(JSON.parse(data ?? '')).toEqual({
    url,
    job_id: id,
    tenant: 'té"nant',
    own_secret: true,
    event_id: `evt_${id}`,
    event_type: 'batch.completed',
    body: JSON.stringify(body),
  });
});

test('a job that was removed by hand is counted as failed, audited, and ends its batch', async () => {
  const store = await openTestStore();
  const { redis, keys } = store.context;
  const id = await createTestBatch(store, 3, { tenant: 'a' });
  expect(await store.batches.correctRemoved()).toBe(0);
  await store.batches.release(await recordOf(store, id));
  expect(await store.batches.correctRemoved()).toBe(0);

  const removed = jobOf(store, id, 1);
  await redis.del(keys.job('chat.default', removed));
  await redis.zrem(keys.ofQueue('chat.default', 'prioritized'), removed);
  expect(await store.batches.correctRemoved()).toBe(1);
  expect(await store.batches.correctRemoved()).toBe(0);
  expect(await recordOf(store, id)).toMatchObject({ failed: 1, left: 2 });
  const [line] = await resultsOf(store, id, 3);
  expect(batchResultSchema.parse(line)).toMatchObject({
    custom_id: 'request "1"',
    id: removed,
    status: 'failed',
    error: { code: 'internal_error' },
  });
  const signal = new AbortController().signal;
  const query = { job_id: removed, limit: 10 };
  const found = await store.audit.find(query, { tenant: 'a', afterEntry: null, signal });
  expect(found?.events).toMatchObject([
    { id: `evt_${removed}`, type: 'job.removed', error: { code: 'internal_error' } },
  ]);

  startTestWorker(store);
  await eventually(async () =>
    expect(await recordOf(store, id)).toMatchObject({ left: 0, completed: 2 }),
  );
});

test('requests that are not released are not taken for removed jobs, and a last removed job ends the batch', async () => {
  const ended: (string | null)[] = [];
  const store = await openTestStore({ onFinished: ({ endedBatch }) => ended.push(endedBatch) });
  const { redis, keys } = store.context;
  const waiting = await createTestBatch(store, 5);
  const id = await createTestBatch(store, 1);
  await store.batches.release(await recordOf(store, id));
  await redis.del(keys.job('chat.default', jobOf(store, id, 0)));
  expect(await store.batches.correctRemoved()).toBe(1);
  expect(ended).toEqual([id]);
  expect(await store.batches.openIds(10)).toEqual([waiting]);
  expect(await recordOf(store, waiting)).toMatchObject({ failed: 0, left: 5 });
});

test('a batch whose record is gone is forgotten', async () => {
  const store = await openTestStore();
  const id = await createTestBatch(store, 1);
  expect(await store.batches.readOpen(id)).toMatchObject({ id, total: 1 });
  await store.context.redis.del(store.context.keys.batch(id));
  expect(await store.batches.readOpen(id)).toBeNull();
  expect(await store.batches.openIds(10)).toEqual([]);
  await expect(resultsOf(store, 'batch_x', 1)).rejects.toThrow('the batch is no longer kept');
});
