import { afterAll, beforeAll, expect, test } from 'vitest';
import { good, taskOf, textOf } from '#support/analysis-answers.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { sendError } from '#support/upstream.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.worker();
});
afterAll(() => stack.close());

const callsOf = (id: string) => stack.upstream.calls.filter(({ key }) => key.startsWith(`${id}-`));

test('one text is analysed by three calls within the limits of each task', async () => {
  stack.upstream.answerWith(good);
  const { id, progress } = await stack.submit({ type: 'analysis', input: { text: 'sea' } });
  expect(progress).toEqual({ done: 0, total: 3 });
  expect(await stack.finished(id)).toMatchObject({
    status: 'completed',
    output: {
      sentiment: 'positive',
      topics: ['sea', 'harbour', 'towns'],
      summary: 'It says sea.',
      errors: {},
    },
    usage: { input_tokens: 30, output_tokens: 15, total_tokens: 45 },
    progress: { done: 3, total: 3 },
  });
  const limits = callsOf(id).map(
    (call) =>
      `${taskOf(call)} ${call.body.max_tokens} tokens, temperature ${call.body.temperature}`,
  );
  expect(limits.toSorted()).toEqual([
    'sentiment 5 tokens, temperature 0',
    'summary 50 tokens, temperature 0',
    'topics 30 tokens, temperature 0',
  ]);
});

test('many texts come back in input order, at most max_concurrent calls at once', async () => {
  let running = 0;
  let maxRunning = 0;
  stack.upstream.answerWith(async (call) => {
    running += 1;
    maxRunning = Math.max(maxRunning, running);
    await new Promise((resolve) => setTimeout(resolve, (textOf(call).length * 7) % 20));
    running -= 1;
    return good(call);
  });
  const texts = Array.from(
    { length: 40 },
    (_, n) => `text ${'x'.repeat(n)} with more than thirty characters`,
  );
  const { id } = await stack.submit({
    type: 'analysis',
    input: { texts, tasks: ['summary'], max_concurrent: 4 },
  });
  const job = await stack.finished(id);
  expect(job.output).toMatchObject({ succeeded: 40, failed: 0 });
  const items = (job.output as { items: { text: string; summary: string; topics: null }[] }).items;
  expect(items.map(({ summary }) => summary)).toEqual(texts.map((text) => `It says ${text}.`));
  expect(items.map(({ text }) => text)).toEqual(texts.map((text) => text.slice(0, 30)));
  expect(items.every(({ topics }) => topics === null)).toBe(true);
  expect(maxRunning).toBe(4);
});

test('a call that fails harms no other, and another attempt repeats only what is missing', async () => {
  let topicsCalls = 0;
  stack.upstream.answerWith((call, res) => {
    if (taskOf(call) === 'sentiment') return sendError(res, 400, 'bad');
    if (taskOf(call) !== 'topics') return good(call);
    topicsCalls += 1;
    return topicsCalls < 3 ? sendError(res, 500, null) : good(call);
  });
  const { id } = await stack.submit({ type: 'analysis', input: { text: 'sea' } });
  const job = await stack.finished(id);
  expect(job).toMatchObject({
    status: 'completed',
    attempt: 3,
    output: {
      sentiment: null,
      topics: ['sea', 'harbour', 'towns'],
      summary: 'It says sea.',
      errors: {
        sentiment: { code: 'upstream_invalid_request', upstream: { status: 400, code: 'bad' } },
      },
    },
    usage: { total_tokens: 30 },
  });
  const made = callsOf(id).map(taskOf).toSorted();
  expect(made).toEqual(['sentiment', 'summary', 'topics', 'topics', 'topics']);
  await until(
    'what was kept for further attempts is removed',
    async () => (await stack.redis.exists(stack.keys.checkpoints(id))) === 0,
  );
});

test('a task that still fails when the attempts are spent is null with its error', async () => {
  stack.upstream.answerWith((call, res) =>
    taskOf(call) === 'topics' ? sendError(res, 500, null) : good(call),
  );
  const { id } = await stack.submit({ type: 'analysis', input: { texts: ['a', 'b'] } });
  const job = await stack.finished(id);
  expect(job.status).toBe('completed');
  expect(job.attempt).toBe(3);
  expect(job.output).toMatchObject({
    succeeded: 0,
    failed: 2,
    items: [
      {
        text: 'a',
        sentiment: 'positive',
        topics: null,
        errors: { topics: { code: 'upstream_unavailable' } },
      },
      {
        text: 'b',
        sentiment: 'positive',
        topics: null,
        errors: { topics: { code: 'upstream_unavailable' } },
      },
    ],
  });
});

test('a job of which no call succeeded has failed', async () => {
  stack.upstream.answerWith((_, res) => sendError(res, 401, 'invalid_api_key'));
  const { id } = await stack.submit({ type: 'analysis', input: { text: 'a' } });
  expect(await stack.finished(id)).toMatchObject({
    status: 'failed',
    output: null,
    attempt: 1,
    error: { code: 'upstream_auth', retryable: false },
  });
});

test('progress is seen while the job runs', async () => {
  const release = Promise.withResolvers<void>();
  let answered = 0;
  stack.upstream.answerWith(async (call) => {
    answered += 1;
    if (answered > 30) await release.promise;
    else await new Promise((resolve) => setTimeout(resolve, 30));
    return good(call);
  });
  const texts = Array.from({ length: 20 }, (_, n) => `t${n}`);
  const { id } = await stack.submit({ type: 'analysis', input: { texts, max_concurrent: 1 } });
  const job = await until('some calls are done', async () => {
    const seen = await stack.get(id);
    return seen.progress.done > 0 && seen;
  });
  expect(job).toMatchObject({ status: 'in_progress', progress: { total: 60 }, output: null });
  release.resolve();
  expect((await stack.finished(id)).progress).toEqual({ done: 60, total: 60 });
});
