import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batchPriorityOf, scorePerPriority } from '../fairness/priorities.ts';
import {
  chatResult,
  chatSpec,
  openObservedStore,
  type ObservedStore,
} from '../testing/observed-store.ts';
import { queueNameOf } from './registry.ts';

const queue = queueNameOf('chat');
let test: ObservedStore;

beforeEach(async () => {
  test = await openObservedStore();
});
afterEach(async () => {
  await test.close();
});

async function add(data = {}, delaySeconds = 0): Promise<string> {
  const added = await test.store.jobs.add(chatSpec(data, delaySeconds));
  if (added.kind !== 'added') throw new Error(added.kind);
  return added.job.id;
}

describe('the state of a queue', () => {
  it('counts jobs by state and finds the oldest in each class', async () => {
    const old = await add({ priority: 'low' });
    await add({ priority: 'high' });
    await add({}, 60);
    await test.redis.hset(test.keys.job(queue, old), 'timestamp', Date.now() - 90_000);
    const state = await test.store.queues.readState('chat');
    expect(state).toMatchObject({
      jobs: { waiting: 0, prioritized: 2, delayed: 1, active: 0, completed: 0, failed: 0 },
      isPaused: false,
      poolPauseMs: 0,
    });
    expect(state.oldestWaitingMs).toBeGreaterThanOrEqual(90_000);
  });

  it('finds the oldest job of a batch behind more priorities of single jobs than it looks at', async () => {
    const old = await add();
    const prioritized = test.keys.queueKey(queue, 'prioritized');
    await test.redis.zadd(prioritized, batchPriorityOf('low') * scorePerPriority, old);
    await test.redis.hset(test.keys.job(queue, old), 'timestamp', Date.now() - 90_000);
    for (let tag = 1; tag <= 40; tag += 1) {
      await test.redis.zadd(prioritized, tag * scorePerPriority, await add());
    }
    const { oldestWaitingMs } = await test.store.queues.readState('chat');
    expect(oldestWaitingMs).toBeGreaterThanOrEqual(90_000);
  });

  it('reads the queue of deliveries', async () => {
    const { jobs, oldestWaitingMs } = await test.store.queues.readState('webhooks');
    expect(jobs.waiting).toBe(0);
    expect(oldestWaitingMs).toBe(0);
  });
});

describe('waiting jobs', () => {
  it('are counted without those of batches', async () => {
    await add();
    const batchJob = await add();
    const prioritized = test.keys.queueKey(queue, 'prioritized');
    await test.redis.zadd(prioritized, batchPriorityOf('high') * scorePerPriority, batchJob);
    expect(await test.store.queues.countWaiting('chat')).toEqual({ waiting: 1, active: 0 });
  });

  it('are there for a worker unless the queue is paused', async () => {
    const { queues } = test.store;
    expect(await queues.hasWaitingJobs('chat')).toBe(false);
    await add();
    expect(await queues.hasWaitingJobs('chat')).toBe(true);
    await queues.pause('chat');
    await queues.pause('chat');
    expect(await queues.hasWaitingJobs('chat')).toBe(false);
    expect((await queues.readState('chat')).isPaused).toBe(true);
    await queues.resume('chat');
    expect(await queues.hasWaitingJobs('chat')).toBe(true);
  });

  it('wake an idle worker by a marker', async () => {
    await test.store.queues.wake('chat');
    expect(await test.redis.zscore(test.keys.queueKey(queue, 'marker'), '0')).toBe('0');
  });
});

describe('the pause of a pool', () => {
  const policy = { firstMs: 5_000, maxMs: 12_000, streakWindowMs: 60_000 };
  const limiter = () => test.keys.queueKey(queue, 'limiter');

  it('doubles with each rate limit in a row, up to the maximum, and begins again after a success', async () => {
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      if (attempt === 3) await test.store.queues.resetPoolPause('chat');
      const paused = await test.store.queues.pausePool('chat', { askedMs: null, ...policy });
      expect(paused.isNew).toBe(true);
      pauses.push(paused.pauseMs);
      expect(await test.store.queues.isPoolPaused('chat')).toBe(true);
      await test.redis.del(limiter());
    }
    expect(pauses).toEqual([5_000, 10_000, 12_000, 5_000]);
    expect(await test.store.queues.isPoolPaused('chat')).toBe(false);
  });

  it('is never shortened, and grows when the upstream asks for more', async () => {
    const { pausePool, readState } = test.store.queues;
    await pausePool('chat', { askedMs: 60_000, ...policy });
    const shorter = await pausePool('chat', { askedMs: 1_000, ...policy });
    expect(shorter.isNew).toBe(false);
    expect(shorter.pauseMs).toBeGreaterThan(12_000);
    expect((await pausePool('chat', { askedMs: null, ...policy })).pauseMs).toBeGreaterThan(12_000);
    expect(await pausePool('chat', { askedMs: 90_000, ...policy })).toEqual({
      pauseMs: 90_000,
      isNew: false,
    });
    expect((await readState('chat')).poolPauseMs).toBeGreaterThan(60_000);
  });

  it('is not what BullMQ counts in the same key', async () => {
    await test.redis.set(limiter(), 3, 'PX', 60_000);
    expect(await test.store.queues.isPoolPaused('chat')).toBe(false);
    expect((await test.store.queues.readState('chat')).poolPauseMs).toBe(0);
  });
});

describe('cleaning', () => {
  it('removes finished jobs that are no longer kept, and only those', async () => {
    const ids = [await add(), await add()];
    test.worker(async () => chatResult());
    await expect.poll(() => test.finished.length).toBe(2);
    const [old, young] = ids as [string, string];
    await test.redis.zadd(test.keys.queueKey(queue, 'completed'), Date.now() - 3_700_000, old);
    expect(await test.store.retention.cleanFinished(60)).toEqual([
      { queue, state: 'completed', count: 1 },
    ]);
    expect(await test.redis.exists(test.keys.job(queue, old))).toBe(0);
    expect(await test.redis.exists(test.keys.job(queue, young))).toBe(1);
  });

  it('writes nothing when there is nothing to remove', async () => {
    await add();
    const version = await keysOf();
    expect(await test.store.retention.cleanFinished(60)).toEqual([]);
    expect(await keysOf()).toEqual(version);
    expect(await test.redis.xlen(test.keys.queueKey('webhooks', 'events'))).toBe(0);
  });

  it('keeps dead deliveries for a time of their own', async () => {
    const dead = test.keys.queueKey('webhooks', 'failed');
    const finishedOn = Date.now() - 120_000;
    await test.redis.hset(test.keys.job('webhooks', 'dlv_1'), { data: '{}', finishedOn });
    await test.redis.zadd(dead, finishedOn, 'dlv_1');
    expect(await test.store.retention.cleanFinished(600)).toEqual([]);
    expect(await test.store.retention.cleanFinished(60)).toEqual([
      { queue: 'webhooks', state: 'failed', count: 1 },
    ]);
    expect(await test.redis.exists(dead)).toBe(0);
  });

  const keysOf = async () => (await test.redis.keys(`${test.prefix}*`)).toSorted();
});

it('gives a worker what it needs to host a queue', () => {
  const { workerHost } = test.store.queues;
  expect(workerHost('chat')).toMatchObject({ queue, prefix: test.prefix });
  expect(workerHost('chat').backendFactory).toBeTypeOf('function');
  // Deliveries use BullMQ's own access to Redis.
  expect(workerHost('webhooks').queue).toBe('webhooks');
  expect(workerHost('webhooks').backendFactory).not.toBe(workerHost('chat').backendFactory);
});
