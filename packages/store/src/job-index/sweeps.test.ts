import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { queueNameOf } from '../queues/registry.ts';
import { newJobId } from '@promptq/shared/jobs';
import { chatSpec, openObservedStore, type ObservedStore } from '../testing/observed-store.ts';
import { replaceBucket, readBucket } from './replace-bucket.ts';
import { bucketOf, indexEntry } from './time-index.ts';

const queue = queueNameOf('chat');
let test: ObservedStore;

beforeEach(async () => {
  test = await openObservedStore();
});
afterEach(async () => {
  await test.close();
});

async function add(data = {}, delaySeconds = 0): Promise<string> {
  const added = await test.store.jobs.add(chatSpec({ tenant: 'acme', ...data }, delaySeconds));
  if (added.kind !== 'added') throw new Error(added.kind);
  return added.job.id;
}

async function append(index: string, bucket: number, id: string): Promise<void> {
  await test.redis.append(test.keys.indexBucket(index, bucket), indexEntry(id).entry);
  await test.redis.zadd(test.keys.index(index), bucket, bucket);
}

/** Makes the deadline of a waiting job lie a minute back, in its hash and in the index. */
async function makeOverdue(id: string): Promise<void> {
  const dueMs = Date.now() - 60_000;
  await test.redis.hset(test.keys.job(queue, id), 'timestamp', dueMs - 86_400_000);
  await append('deadline', bucketOf(dueMs), id);
}

const deadlines = () => test.redis.zcard(test.keys.index('deadline'));

describe('the sweep of overdue jobs', () => {
  it('finishes a waiting job that never started, once, and removes its bucket', async () => {
    const [overdue, young] = [await add(), await add()];
    await makeOverdue(overdue);
    const before = await deadlines();
    const swept = await Promise.all([1, 2].map(() => test.store.retention.sweepOverdue()));
    expect(Math.max(...swept)).toBe(1);
    expect(test.finished).toEqual([expect.objectContaining({ jobId: overdue, status: 'expired' })]);
    expect((await test.auditEvents()).map(({ id }) => id)).toEqual([`evt_${overdue}`]);
    expect(await deadlines()).toBe(before - 1);
    expect((await test.store.jobs.find(young, null))?.state.at).toBe('waiting');
    expect(await test.store.retention.sweepOverdue()).toBe(0);
  });

  it('leaves jobs alone that have started, are are running, have finished or were removed', async () => {
    const [started, running, finished, removed] = [
      await add(),
      await add(),
      await add(),
      await add(),
    ];
    await test.store.jobs.cancel(finished, null);
    for (const id of [started, running, finished, removed]) await makeOverdue(id);
    await test.redis.hset(test.keys.job(queue, started), 'ats', 1);
    await test.redis.set(`${test.keys.job(queue, running)}:lock`, 'token');
    await test.redis.del(test.keys.job(queue, removed));
    expect(await test.store.retention.sweepOverdue()).toBe(0);
    expect(test.finished.map(({ jobId }) => jobId)).toEqual([finished]);
    expect((await test.store.jobs.find(started, null))?.state.at).toBe('waiting');
  });

  it('is not stopped by a job that promptq did not write', async () => {
    const [foreign, overdue] = [await add(), await add()];
    for (const id of [foreign, overdue]) await makeOverdue(id);
    await test.redis.hset(test.keys.job(queue, foreign), 'data', '[]');
    expect(await test.store.retention.sweepOverdue()).toBe(1);
  });

  it('costs two commands when nothing is due', async () => {
    await add();
    const sent = vi.spyOn(test.context.redis, 'sendCommand');
    await test.store.retention.sweepOverdue();
    expect(sent.mock.calls.map(([{ name }]) => name)).toEqual(['time', 'zrangebyscore']);
  });
});

describe('the sweep of the indexes', () => {
  const oldMs = () => Date.now() - 2 * 3_600_000;
  const oldId = () => newJobId('chat', test.context.queues.numberOf('chat'), oldMs());

  it('takes jobs that were removed out of the indexes of their tenant and of all tenants', async () => {
    const [removed, kept] = [oldId(), oldId()];
    await test.redis.hset(test.keys.job(queue, kept), 'data', '{}');
    const bucket = bucketOf(oldMs());
    for (const index of ['all', 'tenant:acme']) {
      await append(index, bucket, removed);
      await append(index, bucket, kept);
    }
    await test.redis.sadd(test.keys.indexedTenants, 'acme');
    expect(await test.store.retention.sweepIndexes()).toBe(1);
    for (const index of ['all', 'tenant:acme']) {
      expect((await readBucket(test.context, index, bucket)).ids).toEqual([kept]);
    }
    expect(await test.redis.smembers(test.keys.indexedTenants)).toEqual(['acme']);
  });

  it('forgets a tenant whose index is empty, and leaves young buckets alone', async () => {
    const young = await add();
    await test.redis.del(test.keys.job(queue, young));
    await append('tenant:other', bucketOf(oldMs()), oldId());
    await test.redis.sadd(test.keys.indexedTenants, 'other');
    await test.store.retention.sweepIndexes();
    expect(await test.redis.smembers(test.keys.indexedTenants)).toEqual(['acme']);
    expect(await test.redis.exists(test.keys.index('tenant:other'))).toBe(0);
    expect(await test.redis.exists(test.keys.index('tenant:acme'))).toBe(1);
  });

  it('replaces no bucket to which something was appended since it was read', async () => {
    const bucket = bucketOf(oldMs());
    await append('all', bucket, oldId());
    const read = await readBucket(test.context, 'all', bucket);
    await append('all', bucket, oldId());
    expect(await replaceBucket(test.context, read, [])).toBe(false);
    expect((await readBucket(test.context, 'all', bucket)).ids).toHaveLength(2);
  });
});
