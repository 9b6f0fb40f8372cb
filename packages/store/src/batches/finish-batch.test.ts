import { expect, test } from 'vitest';
import { batchResultSchema } from '@promptq/shared/contracts';
import { deliveryIdOf } from '@promptq/shared/webhooks';
import { createTestBatch, eventually, jobOf, recordOf, resultsOf } from '../testing/batches.ts';
import { openTestStore, startTestWorker } from '../testing/test-store.ts';

test('a batch runs to its end through finish.lua: results in input order, counts, expiry', async () => {
  const store = await openTestStore();
  const ended: (string | null)[] = [];
  store.context.onFinished = ({ endedBatch }) => ended.push(endedBatch);
  const id = await createTestBatch(store, 30);
  expect(await resultsOf(store, id, 30)).toEqual([]);
  expect(await store.batches.release(await recordOf(store, id))).toBe(30);

  const release = Promise.withResolvers<void>();
  startTestWorker(store, () => release.promise);
  await eventually(async () => expect((await store.batches.find(id, null))?.active).toBe(20));
  release.resolve();
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
