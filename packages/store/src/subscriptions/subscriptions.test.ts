import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailableError } from '../store-error.ts';
import {
  chatResult,
  chatSpec,
  openObservedStore,
  type ObservedStore,
} from '../testing/observed-store.ts';
import { pollChanges } from './poll-changes.ts';

let test: ObservedStore;
let stopping: AbortController;

beforeEach(async () => {
  test = await openObservedStore();
  stopping = new AbortController();
});
afterEach(async () => {
  await test.close();
});

async function add(): Promise<string> {
  const added = await test.store.jobs.add(chatSpec());
  if (added.kind !== 'added') throw new Error(added.kind);
  return added.job.id;
}

/** Closes the connection that the store has opened for a subscription; ioredis opens it again. */
function reconnect(duplicates: { value: unknown }[]): void {
  expect(duplicates).toHaveLength(1);
  for (const { value } of duplicates) (value as Redis).disconnect(true);
}

describe('changes of jobs', () => {
  async function subscribed(jobId: string, tokens = false) {
    const changes = test.store.subscriptions.jobChanges(stopping.signal);
    const notifications: string[] = [];
    const end = await changes.subscribe(jobId, { tokens }, (notification) =>
      notifications.push(notification),
    );
    return { changes, notifications, end };
  }

  it('are notified when a waiting job is cancelled, when it has more output, and within the process', async () => {
    const id = await add();
    const { changes, notifications } = await subscribed(id, true);
    await expect.poll(() => notifications).toContain('tokens'); // The connection became ready.
    notifications.length = 0;
    await test.redis.publish(test.keys.output(id), '');
    await expect.poll(() => notifications).toEqual(['tokens']);
    await test.store.jobs.cancel(id, null);
    await expect.poll(() => notifications).toEqual(['tokens', 'changed']);
    changes.notify(id);
    expect(notifications).toEqual(['tokens', 'changed', 'changed']);
  });

  it('are notified when the cancellation of a running job is requested', async () => {
    const id = await add();
    const { notifications } = await subscribed(id);
    await expect.poll(() => notifications.length).toBeGreaterThan(0);
    notifications.length = 0;
    await test.redis.publish(test.keys.cancelChannel, id);
    await expect.poll(() => notifications).toEqual(['changed']);
  });

  it('are notified of everything after a lost connection, and received again', async () => {
    const connect = vi.spyOn(test.context.redis, 'duplicate');
    const id = await add();
    const { notifications } = await subscribed(id, true);
    await expect.poll(() => notifications).toContain('tokens');
    notifications.length = 0;
    reconnect(connect.mock.results);
    await expect.poll(() => notifications).toEqual(['changed', 'tokens']);
    await test.redis.publish(test.keys.wakeUpChannel(id), '');
    await expect.poll(() => notifications).toEqual(['changed', 'tokens', 'changed']);
  });

  it('end with the last subscriber of a job', async () => {
    const id = await add();
    const channel = test.keys.wakeUpChannel(id);
    const [first, second] = [await subscribed(id), await subscribed(id)];
    const count = async () => (await test.redis.pubsub('NUMSUB', channel))[1];
    expect(await count()).toBe(1);
    first.end();
    first.end();
    expect(await count()).toBe(1);
    second.end();
    await expect.poll(count).toBe(0);
  });

  it('say when the process is stopping', async () => {
    const { notifications } = await subscribed(await add());
    stopping.abort();
    expect(notifications).toContain('stopping');
    expect((await subscribed(await add())).notifications).toContain('stopping');
  });

  it('cannot be subscribed to while Redis is away', async () => {
    const { changes } = await subscribed(await add());
    await test.store.close();
    const subscribing = changes.subscribe('chat_1', { tokens: false }, () => undefined);
    await expect(subscribing).rejects.toThrow(StoreUnavailableError);
  });
});

describe('cancellations', () => {
  it('are received and remembered', async () => {
    const cancellations = await test.store.subscriptions.cancellations();
    const notifications: string[] = [];
    cancellations.onCancel((id) => notifications.push(id));
    expect(await test.store.subscriptions.cancellations()).toBe(cancellations);
    const id = await add();
    const { promise, resolve } = Promise.withResolvers<void>();
    test.worker(async () => {
      await promise;
      return chatResult();
    });
    await expect.poll(async () => (await test.store.jobs.find(id, null))?.state.at).toBe('active');
    await test.store.jobs.cancel(id, null);
    await expect.poll(() => notifications).toEqual([id]);
    expect(cancellations.isCancelled(id)).toBe(true);
    expect(cancellations.isCancelled('chat_other')).toBe(false);
    resolve();
  });

  it('report a gap after a lost connection and are received again', async () => {
    const connect = vi.spyOn(test.context.redis, 'duplicate');
    const cancellations = await test.store.subscriptions.cancellations();
    const { promise, resolve } = Promise.withResolvers<void>();
    cancellations.onGap(resolve);
    reconnect(connect.mock.results);
    await promise;
    await test.redis.publish(test.keys.cancelChannel, 'chat_1');
    await expect.poll(() => cancellations.isCancelled('chat_1')).toBe(true);
  });
});

describe('polled changes', () => {
  it('are noticed when a job begins, makes progress and finishes', async () => {
    const id = await add();
    const polled = pollChanges(test.context, 10);
    let changes = 0;
    const end = polled.watch(id, () => (changes += 1));
    await expect.poll(() => changes).toBe(1);
    const { promise, resolve } = Promise.withResolvers<void>();
    test.worker(async (job) => {
      await job.updateProgress({ done: 1, total: 2 });
      await promise;
      return chatResult();
    });
    await expect
      .poll(async () => (await test.store.jobs.find(id, null))?.progress)
      .toEqual({ done: 1, total: 2 });
    await expect.poll(() => changes).toBeGreaterThan(1);
    const before = changes;
    resolve();
    await expect.poll(() => changes).toBeGreaterThan(before);
    end();
    polled.close();
  });

  it('are opened once', () => {
    const { subscriptions } = test.store;
    expect(subscriptions.polledChanges()).toBe(subscriptions.polledChanges());
  });
});
