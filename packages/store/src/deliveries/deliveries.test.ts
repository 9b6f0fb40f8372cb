import { Worker, UnrecoverableError } from 'bullmq';
import { expect, onTestFinished, test, vi } from 'vitest';
import { deliveryIdOf, webhooksQueue } from '@promptq/shared/webhooks';
import { chatSpec, openTestStore, type TestStore } from '../testing/test-store.ts';

const eventually = (expectation: () => Promise<void> | void) =>
  vi.waitFor(expectation, { timeout: 60_000, interval: 20 });

/** A job with a webhook that has ended, so its delivery is enqueued. */
async function enqueueDelivery(store: TestStore, tenant = 'default'): Promise<string> {
  const webhook = { url: 'https://example.com/', include_output: false };
  const added = await store.jobs.add(chatSpec({ webhook, tenant }));
  if (added.kind !== 'added') throw new Error('the job was refused');
  await store.jobs.cancel(added.job.id, null);
  return deliveryIdOf(added.job.id);
}

function startDeliveries(store: TestStore, deliver: (attempt: number) => void): Worker {
  const { queue, backendFactory, ...connection } = store.queues.workerHost(webhooksQueue);
  const worker = new Worker(
    queue,
    async (job) => {
      deliver(job.attemptsMade);
      return 'arrived';
    },
    {
      ...connection,
      settings: { backoffStrategy: () => 3_600_000 },
    },
    backendFactory,
  );
  worker.on('error', () => undefined);
  onTestFinished(() => worker.close());
  return worker;
}

test('a delivery is read by its tenant: pending, then delivered', async () => {
  const store = await openTestStore();
  const id = await enqueueDelivery(store, 'a');
  expect(await store.deliveries.find(id, 'b')).toBeNull();
  expect(await store.deliveries.find('dlv_unknown', 'a')).toBeNull();
  expect(await store.deliveries.find(id, 'a')).toMatchObject({
    id,
    status: 'pending',
    event_type: 'job.cancelled',
    finished_at: null,
    next_try_at: null,
    tries: [],
  });
  startDeliveries(store, () => undefined);
  await eventually(async () =>
    expect(await store.deliveries.find(id, 'a')).toMatchObject({ status: 'delivered' }),
  );
});

test('a delivery that waits for its next try is tried again at once, and no try is used up', async () => {
  const store = await openTestStore();
  const id = await enqueueDelivery(store);
  const attempts: number[] = [];
  startDeliveries(store, (attempt) => {
    attempts.push(attempt);
    if (attempts.length === 1) throw new Error('not reachable');
  });
  await eventually(async () =>
    expect((await store.deliveries.find(id, 'default'))?.next_try_at).toBeTypeOf('string'),
  );
  await store.deliveries.redeliver(id);
  await eventually(async () =>
    expect(await store.deliveries.find(id, 'default')).toMatchObject({ status: 'delivered' }),
  );
  expect(attempts).toEqual([0, 0]);
});

test('the dead deliveries of one tenant are listed, and each is redelivered; those of others stay dead', async () => {
  const store = await openTestStore();
  const own = await Promise.all([1, 2, 3].map(() => enqueueDelivery(store, 'a')));
  const other = await enqueueDelivery(store, 'b');
  let isReachable = false;
  startDeliveries(store, () => {
    if (!isReachable) throw new UnrecoverableError('gone');
  });
  const statusOf = async (id: string, tenant: string) =>
    (await store.deliveries.find(id, tenant))?.status;
  await eventually(async () => {
    for (const id of own) expect(await statusOf(id, 'a')).toBe('dead');
    expect(await statusOf(other, 'b')).toBe('dead');
  });
  isReachable = true;
  const range = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER };
  const listed: string[] = [];
  for await (const id of store.deliveries.dead('a', range)) {
    listed.push(id);
    await store.deliveries.redeliver(id);
  }
  expect(listed.toSorted()).toEqual(own.toSorted());
  await eventually(async () => {
    for (const id of own) expect(await statusOf(id, 'a')).toBe('delivered');
  });
  expect(await statusOf(other, 'b')).toBe('dead');
  await store.deliveries.redeliver('dlv_unknown');
});

test('an outage ends the list of dead deliveries with the error of the store', async () => {
  const store = await openTestStore();
  store.context.redis.disconnect();
  const range = { sinceMs: 0, untilMs: 1 };
  await expect(Array.fromAsync(store.deliveries.dead('a', range))).rejects.toThrow(
    'the job store is not available',
  );
});
