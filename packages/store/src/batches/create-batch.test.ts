import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createTestBatch, newBatch, resultsOf } from '../testing/batches.ts';
import { chatSpec, openTestStore } from '../testing/test-store.ts';

test('one Idempotency-Key creates one batch, and the second upload is removed', async () => {
  const store = await openTestStore();
  const { redis, keys } = store.context;
  const create = async (fingerprint: string) => {
    const uploadId = randomUUID();
    await store.batches.stage(uploadId, [{ index: 0, customId: 'a', spec: chatSpec() }]);
    const batch = newBatch(uploadId, 1);
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
  await expect(store.batches.create(newBatch(uploadId, 2), null)).rejects.toThrow(
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

test('a batch whose record is gone is forgotten', async () => {
  const store = await openTestStore();
  const id = await createTestBatch(store, 1);
  expect(await store.batches.readOpen(id)).toMatchObject({ id, total: 1 });
  await store.context.redis.del(store.context.keys.batch(id));
  expect(await store.batches.readOpen(id)).toBeNull();
  expect(await store.batches.openIds(10)).toEqual([]);
  await expect(resultsOf(store, 'batch_x', 1)).rejects.toThrow('the batch is no longer kept');
});
