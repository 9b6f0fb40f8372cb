import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { idsInBucket, indexEntry } from '#packages/store/src/job-index/time-index.ts';
import { sweepIfLeader } from '#packages/worker/src/retention/sweeper.ts';
import { idMaker } from '#support/keys.ts';
import { openRawStore, silentLog, type RawStore } from '#support/raw-store.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { sendError } from '#support/upstream.ts';

const dayMs = 86_400_000;

let stack: Stack;
let store: RawStore;
beforeEach(async () => {
  stack = await startStack();
  store = openRawStore({ url: inject('redisUrl'), prefix: stack.prefix, log: silentLog });
  await store.start(new AbortController().signal);
});
afterEach(async () => {
  await store.close();
  await stack.close();
});

/** Puts the end of a job back in time, as if it had lain there. */
async function age(id: string, state: 'completed' | 'failed'): Promise<void> {
  const finishedAtMs = Date.now() - dayMs - 60_000;
  await stack.redis.hset(stack.keys.job('chat', id), 'finishedOn', finishedAtMs);
  await stack.redis.zadd(stack.keys.queueKeyOf('chat', state), finishedAtMs, id);
}

test('finished jobs are gone when their time is over, and one process removes them', async () => {
  stack.upstream.answerWith((call, res) =>
    call.body.messages[0]?.content === 'bad' ? sendError(res, 400, 'bad') : 'done',
  );
  const worker = await stack.worker();
  const ids: string[] = [];
  for (const message of ['old', 'bad', 'new']) {
    const { id } = await stack.submit({ type: 'chat', input: { message } });
    await stack.finished(id);
    ids.push(id);
  }
  await worker.kill('SIGTERM');
  const [old, bad, young] = ids as [string, string, string];
  await age(old, 'completed');
  await age(bad, 'failed');
  for (const path of ['', '/cancel', '/retry']) {
    const method = path === '' ? 'GET' : 'POST';
    expect((await stack.request(`/v1/jobs/${old}${path}`, { method })).status).toBe(404);
  }
  expect((await stack.get(young)).status).toBe('completed');

  const sweep = (workerName: string) =>
    sweepIfLeader({ store, deadDeliverySeconds: dayMs / 1_000, workerName, log: silentLog });
  await Promise.all(['a', 'b', 'c'].map(sweep));
  const kept = await Promise.all(ids.map((id) => stack.redis.exists(stack.keys.job('chat', id))));
  expect(kept).toEqual([0, 0, 1]);
  expect((await stack.auditEvents()).length, 'audit events are not touched').toBe(3);

  await age(young, 'completed');
  await sweep('d');
  expect(await stack.redis.exists(stack.keys.job('chat', young)), 'not its turn yet').toBe(1);
});

test('the indexes keep what there is, and what is gone leaves them', async () => {
  const { redis, keys } = stack;
  const madeAtMs = Date.now() - 3 * dayMs;
  const newId = await idMaker(stack, 'chat');
  const ids = Array.from({ length: 30 }, (_, n) => newId(madeAtMs + n * 2_000));
  const indexes = ['all', 'tenant:default', 'tenant:gone'];
  await redis.sadd(keys.indexedTenants, 'default', 'gone');
  for (const id of ids) {
    const { bucket, entry } = indexEntry(id);
    for (const index of id === ids[0] ? indexes.slice(0, 2) : indexes) {
      await redis.zadd(keys.index(index), bucket, bucket);
      await redis.append(keys.indexBucket(index, bucket), entry);
    }
  }
  const [stays] = ids as [string];
  await redis.hset(keys.job('chat', stays), 'data', '{}');
  const { id: young } = await stack.submit({ type: 'chat', input: { message: 'young' } });
  expect(await store.retention.sweepIndexes()).toBe(29);
  for (const index of indexes.slice(0, 2)) {
    const left = await redis.zrange(keys.index(index), '0', '-1');
    const contents = await Promise.all(
      left.map((bucket) => redis.getBuffer(keys.indexBucket(index, Number(bucket)))),
    );
    const found = contents.flatMap((content) => idsInBucket(content as Buffer));
    expect(found, index).toEqual([stays, young]);
  }
  expect(await redis.smembers(keys.indexedTenants)).toEqual(['default']);
  expect(await redis.keys(`${keys.index('tenant:gone')}*`)).toEqual([]);
  expect(await store.retention.sweepIndexes()).toBe(0);
});

test('a job that was not started in time ends without a worker and without a look at it', async () => {
  const { id } = await stack.submit({
    type: 'chat',
    input: { message: 'x' },
    start_within_seconds: 1,
  });
  const { redis, keys } = stack;
  // As if it had been submitted a minute ago: its bucket of the deadlines is over.
  const [bucket] = await redis.zrange(keys.index('deadline'), '0', '0');
  const earlier = Number(bucket) - 6;
  await redis.hset(keys.job('chat', id), 'timestamp', Date.now() - 60_000);
  await redis.rename(
    keys.indexBucket('deadline', Number(bucket)),
    keys.indexBucket('deadline', earlier),
  );
  await redis.zrem(keys.index('deadline'), bucket as string);
  await redis.zadd(keys.index('deadline'), earlier, earlier);
  expect(await store.retention.sweepOverdue()).toBe(1);
  expect(await stack.auditEvents()).toMatchObject([{ job_id: id, type: 'job.expired' }]);
  expect(await redis.zscore(keys.prioritized('chat'), id)).toBeNull();
  expect(await store.retention.sweepOverdue(), 'once').toBe(0);
  expect((await stack.get(id)).status).toBe('expired');
});
