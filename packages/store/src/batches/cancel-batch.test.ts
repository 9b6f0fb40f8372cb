import { expect, test } from 'vitest';
import { createTestBatch, eventually, jobOf, recordOf } from '../testing/batches.ts';
import { openTestStore, startTestWorker } from '../testing/test-store.ts';

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
  const cancelled = () => new Error('{"code":"cancelled","upstream":null}');
  const release = Promise.withResolvers<void>();
  startTestWorker(store, async (jobId) => {
    const data = await store.context.redis.hget(
      store.context.keys.job('chat.default', jobId),
      'data',
    );
    // A worker refuses a flagged job.
    if (data?.startsWith('{"cancel_requested_at":')) throw cancelled();
    begun.add(jobId);
    await release.promise;
    throw cancelled();
  });
  await eventually(() => expect(begun.size).toBe(20));
  const subscriber = store.context.redis.duplicate();
  const notified = new Set<string>();
  subscriber.on('message', (_channel, jobId: string) => notified.add(jobId));
  await subscriber.subscribe(store.context.keys.cancelChannel);

  await store.batches.cancel(id, null);
  await store.batches.cancelReleased(await recordOf(store, id));
  await eventually(() => expect(notified).toEqual(begun));
  subscriber.disconnect();
  expect(await recordOf(store, id)).toMatchObject({
    cancelled: 280,
    left: 20,
    cancel_propagated: 300,
  });
  release.resolve();
  await eventually(async () =>
    expect(await recordOf(store, id)).toMatchObject({ cancelled: 300, left: 0 }),
  );
  expect(begun.size).toBe(20);
});
