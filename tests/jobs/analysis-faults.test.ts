import { afterAll, beforeAll, expect, test } from 'vitest';
import { good, taskOf, textOf } from '#support/analysis-answers.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.worker();
});
afterAll(() => stack.close());

test('what was answered before the time of the last attempt ran out is kept', async () => {
  stack.upstream.answerWith((call) => (textOf(call) === 'slow' ? undefined : good(call)));
  const { id } = await stack.submit({
    type: 'analysis',
    input: { texts: ['a', 'slow', 'b'], tasks: ['summary'], max_concurrent: 1 },
    timeout_seconds: 5,
    max_attempts: 2,
  });
  const job = await stack.finished(id);
  expect(job).toMatchObject({
    status: 'completed',
    attempt: 2,
    output: { succeeded: 1, failed: 2 },
    usage: { total_tokens: 15 },
  });
  const items = (job.output as { items: { summary: string | null; errors: object }[] }).items;
  expect(items[0]).toMatchObject({ summary: 'It says a.', errors: {} });
  expect(items[1]).toMatchObject({ summary: null, errors: { summary: { code: 'timeout' } } });
  expect(items[2]).toMatchObject({ summary: null, errors: { summary: { code: 'timeout' } } });

  stack.upstream.answerWith(() => undefined);
  const silent = await stack.submit({
    type: 'analysis',
    input: { text: 'a' },
    timeout_seconds: 1,
    max_attempts: 1,
  });
  expect(await stack.finished(silent.id)).toMatchObject({
    status: 'failed',
    error: { code: 'timeout' },
  });
});

test('calls of one job do not wait for those of another, nor chats for them', async () => {
  const one = await startStack({ WORKER_CONCURRENCY: '2' });
  try {
    await one.worker();
    const release = Promise.withResolvers<string>();
    one.upstream.answerWith((call) => (call.key.startsWith('chat') ? 'done' : release.promise));
    const texts = Array.from({ length: 20 }, (_, n) => `t${n}`);
    const jobs = [1, 2].map(() =>
      one.submit({ type: 'analysis', input: { texts, max_concurrent: 50 } }),
    );
    const ids = (await Promise.all(jobs)).map(({ id }) => id);
    await until('100 calls are in flight', () => one.upstream.calls.length === 100);
    const chat = await one.submit({ type: 'chat', input: { message: 'x' } });
    expect((await one.finished(chat.id)).status).toBe('completed');
    release.resolve('fine');
    for (const id of ids) expect((await one.finished(id)).status).toBe('completed');
  } finally {
    await one.close();
  }
});

test('an answer that is far longer than its task allows fails its call, not the worker', async () => {
  stack.upstream.answerWith((call) => (textOf(call) === 'long' ? 'x'.repeat(900_000) : good(call)));
  const { id } = await stack.submit({
    type: 'analysis',
    input: { texts: ['long', 'short'], tasks: ['summary'] },
    max_attempts: 1,
  });
  expect(await stack.finished(id)).toMatchObject({
    status: 'completed',
    output: {
      items: [
        { errors: { summary: { code: 'upstream_unavailable' } } },
        { summary: 'It says short.' },
      ],
    },
  });
});

test('a killed worker leaves its finished calls to the next one: no tokens are paid twice', async () => {
  const other = await startStack();
  try {
    const killed = await other.worker();
    let held = 0;
    other.upstream.answerWith((call) => {
      if (taskOf(call) === 'summary' && held < 1) {
        held += 1;
        return undefined;
      }
      return good(call);
    });
    const { id } = await other.submit({ type: 'analysis', input: { text: 'sea' } });
    await until(
      'two calls are kept',
      async () => (await other.redis.hlen(other.keys.checkpoints(id))) === 2,
    );
    await killed.kill('SIGKILL');
    await other.worker();
    expect(await other.finished(id)).toMatchObject({
      status: 'completed',
      attempt: 1,
      usage: { total_tokens: 45 },
    });
    const made = other.upstream.calls.map(taskOf).toSorted();
    expect(made).toEqual(['sentiment', 'summary', 'summary', 'topics']);
  } finally {
    await other.close();
  }
});
