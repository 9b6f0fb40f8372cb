import { pino } from 'pino';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { idsInBucket, indexEntry, newJobId, openQueue } from '@promptq/shared/queues';
import { sweepIndex } from '#packages/worker/src/retention/index-sweep.ts';
import { sweepInTurn } from '#packages/worker/src/retention/sweeper.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { sendError } from '#support/upstream.ts';

const dayMs = 86_400_000;

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(() => stack.close());

/** Puts the end of a job back in time, as if it had lain there. */
async function age(id: string, state: 'completed' | 'failed'): Promise<void> {
  const finishedAtMs = Date.now() - dayMs - 60_000;
  await stack.redis.hset(stack.keys.job('chat', id), 'finishedOn', finishedAtMs);
  await stack.redis.zadd(`${stack.prefix}:chat:${state}`, finishedAtMs, id);
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

  const connection = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
  const queue = openQueue(connection, stack.prefix, 'chat');
  const sweep = (workerName: string) =>
    sweepInTurn({
      redis: connection,
      keys: stack.keys,
      queues: [{ queue, keepSeconds: { completed: dayMs / 1_000, failed: dayMs / 1_000 } }],
      resultTtlSeconds: dayMs / 1_000,
      workerName,
      log: pino({ level: 'silent' }),
    });
  await Promise.all(['a', 'b', 'c'].map(sweep));
  const kept = await Promise.all(ids.map((id) => stack.redis.exists(stack.keys.job('chat', id))));
  expect(kept).toEqual([0, 0, 1]);
  expect((await stack.auditEvents()).length, 'audit events are not touched').toBe(3);

  await age(young, 'completed');
  await sweep('d');
  expect(await stack.redis.exists(stack.keys.job('chat', young)), 'not its turn yet').toBe(1);
  await queue.close();
  connection.disconnect();
});

test('the index keeps what there is, and what is gone leaves it', async () => {
  const madeAtMs = Date.now() - 3 * dayMs;
  const ids = Array.from({ length: 30 }, (_, n) => newJobId('chat', madeAtMs + n * 2_000));
  for (const id of ids) {
    const { bucket, key, member } = indexEntry(stack.keys, id);
    await stack.redis.zadd(stack.keys.index, bucket, bucket);
    await stack.redis.append(key, member);
  }
  const [stays] = ids as [string];
  await stack.redis.hset(stack.keys.job('chat', stays), 'data', '{}');
  const { id: young } = await stack.submit({ type: 'chat', input: { message: 'young' } });
  const removed = await sweepIndex(stack.redis, stack.keys, dayMs / 1_000);
  expect(removed).toBe(29);
  const left = await stack.redis.zrange(stack.keys.index, '0', '-1');
  const contents = await Promise.all(
    left.map((bucket) => stack.redis.getBuffer(stack.keys.indexBucket(Number(bucket)))),
  );
  expect(contents.flatMap((content) => idsInBucket(content as Buffer))).toEqual([stays, young]);
  expect(await sweepIndex(stack.redis, stack.keys, dayMs / 1_000)).toBe(0);
});
