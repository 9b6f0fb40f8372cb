import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queueNameOf } from '../queues/registry.ts';
import { newJobId } from '@promptq/shared/jobs';
import {
  chatResult,
  chatSpec,
  openObservedStore,
  type ObservedStore,
} from '../testing/observed-store.ts';
import { indexEntry } from './time-index.ts';
import { listJobs, type JobQuery } from './list.ts';

const queue = queueNameOf('chat');
let test: ObservedStore;

beforeEach(async () => {
  test = await openObservedStore();
});
afterEach(async () => {
  await test.close();
});

async function add(data = {}): Promise<string> {
  const added = await test.store.jobs.add(chatSpec({ tenant: 'acme', ...data }));
  if (added.kind !== 'added') throw new Error(added.kind);
  return added.job.id;
}

async function list(query: Partial<JobQuery> = {}) {
  const page = await test.store.jobs.list(
    { tenant: 'acme', limit: 10, ...query },
    new AbortController().signal,
  );
  return { ...page, ids: page.jobs.map(({ id }) => id) };
}

/** Makes the deadline of a waiting job pass. */
async function makeOverdue(id: string): Promise<void> {
  const timestamp = Date.now() - 25 * 3_600_000;
  await test.redis.hset(test.keys.job(queue, id), 'timestamp', timestamp);
}

/** Puts ids of jobs that do not exist into a tenant's index. */
async function indexRemoved(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () =>
    newJobId('chat', test.context.queues.numberOf('chat')),
  );
  for (const id of ids) {
    const { bucket, entry } = indexEntry(id);
    await test.redis.append(test.keys.indexBucket('tenant:acme', bucket), entry);
    await test.redis.zadd(test.keys.index('tenant:acme'), bucket, bucket);
  }
  return ids.toReversed();
}

describe('a list of jobs', () => {
  it('holds the tenant’s own, newest first, a page at a time', async () => {
    const ids = [await add(), await add(), await add()].toReversed();
    const foreign = await add({ tenant: 'other' });
    const first = await list({ limit: 2 });
    expect(first).toMatchObject({ ids: ids.slice(0, 2), hasMore: true, lastId: ids[1] });
    const second = await list({ limit: 2, after: first.lastId ?? undefined });
    expect(second).toMatchObject({ ids: ids.slice(2), hasMore: false, lastId: ids[2] });
    expect((await list({ tenant: null })).ids).toEqual([foreign, ...ids]);
    expect(await list({ tenant: 'nobody' })).toMatchObject({
      ids: [],
      hasMore: false,
      lastId: null,
    });
  });

  it('can be cut by type and time', async () => {
    const [old, young] = [await add(), await add()];
    const at = (await test.store.jobs.find(young, null))?.createdAtMs ?? 0;
    expect((await list({ createdAfterMs: at })).ids).toContain(young);
    expect((await list({ createdBeforeMs: at + 1 })).ids).toEqual([young, old]);
    expect((await list({ createdAfterMs: at + 1 })).ids).toEqual([]);
    expect((await list({ type: 'analysis' })).ids).toEqual([]);
  });

  it('can be cut by status', async () => {
    const completed = await add();
    test.worker(async () => chatResult());
    await expect.poll(() => test.finished.length).toBe(1);
    await test.store.queues.pause('chat');
    const [cancelled, overdue, queued] = [await add(), await add(), await add()];
    await test.store.jobs.cancel(cancelled, null);
    await makeOverdue(overdue);
    expect((await list({ status: 'completed' })).ids).toEqual([completed]);
    expect((await list({ status: 'cancelled' })).ids).toEqual([cancelled]);
    expect((await list({ status: 'queued' })).ids).toEqual([queued]);
    // The list has finished the overdue job.
    expect((await list({ status: 'expired' })).ids).toEqual([overdue]);
    expect(test.finished).toContainEqual(
      expect.objectContaining({ jobId: overdue, status: 'expired' }),
    );
  });

  it('holds a job even if many newer ones were removed', async () => {
    const id = await add();
    await indexRemoved(1_500);
    expect(await list()).toMatchObject({ ids: [id], hasMore: false });
  });

  it('is empty with more behind it only beyond the bound, and goes on after one of the tenant’s own ids', async () => {
    const id = await add();
    const removed = await indexRemoved(900);
    const bounds = { maxIds: 10, maxReads: 10, maxIdsOfEmptyPage: 500 };
    const { signal } = new AbortController();
    const first = await listJobs(test.context, { tenant: 'acme', limit: 10 }, signal, bounds);
    expect(first).toMatchObject({ jobs: [], hasMore: true });
    expect(removed).toContain(first.lastId);
    const after = first.lastId ?? undefined;
    const second = await listJobs(
      test.context,
      { tenant: 'acme', limit: 10, after },
      signal,
      bounds,
    );
    expect(second.jobs.map((job) => job.id)).toEqual([id]);
  });

  it('leaves out a finished job that is no longer kept', async () => {
    const id = await add();
    await test.store.jobs.cancel(id, null);
    expect((await list()).ids).toEqual([id]);
    await test.redis.hset(test.keys.job(queue, id), 'finishedOn', Date.now() - 3_700_000);
    expect((await list()).ids).toEqual([]);
    expect((await list({ status: 'cancelled' })).ids).toEqual([]);
  });
});

describe('the state of a job without its data', () => {
  it('is in progress while its lock exists', async () => {
    const id = await add();
    const { promise, resolve } = Promise.withResolvers<void>();
    test.worker(async () => {
      await promise;
      return chatResult();
    });
    await expect.poll(async () => (await list({ status: 'in_progress' })).ids).toEqual([id]);
    resolve();
    await expect.poll(async () => (await list({ status: 'completed' })).ids).toEqual([id]);
  });

  it('is read for a job that its worker is about to finish as expired', async () => {
    const id = await add();
    await makeOverdue(id);
    await test.redis.set(`${test.keys.job(queue, id)}:lock`, 'token');
    const data = (await test.redis.hget(test.keys.job(queue, id), 'data')) ?? '';
    await test.redis.hset(
      test.keys.job(queue, id),
      'data',
      `{"overdue":true,${data.slice(1)}`,
      'ats',
      1,
    );
    expect((await list({ status: 'queued' })).ids).toEqual([id]);
    expect((await list({ status: 'in_progress' })).ids).toEqual([]);
  });
});
