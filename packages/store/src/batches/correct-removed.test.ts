import { expect, test } from 'vitest';
import { batchResultSchema } from '@promptq/shared/contracts';
import { createTestBatch, eventually, jobOf, recordOf, resultsOf } from '../testing/batches.ts';
import { openTestStore, startTestWorker } from '../testing/test-store.ts';

test('a job that was removed by hand is counted as failed, audited, and ends its batch', async () => {
  const store = await openTestStore();
  const { redis, keys } = store.context;
  const id = await createTestBatch(store, 3, { tenant: 'a' });
  expect(await store.batches.correctRemoved()).toBe(0);
  await store.batches.release(await recordOf(store, id));
  expect(await store.batches.correctRemoved()).toBe(0);

  const removed = jobOf(store, id, 1);
  await redis.del(keys.job('chat.default', removed));
  await redis.zrem(keys.queueKey('chat.default', 'prioritized'), removed);
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
