import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startStack, type Stack } from '#support/stack.ts';
import { streamAnswer, type StreamedAnswer } from '#support/streamed-answer.ts';
import { sendError, sendJson, completion } from '#support/upstream.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.worker();
});
afterAll(() => stack.close());
beforeEach(() => {
  stack.upstream.calls.length = 0;
});

const streamed = (more: object = {}) =>
  stack.submit({ type: 'chat', input: { message: 'x', stream: true }, ...more });
/** What the stream of tokens holds. */
async function tokensOf(id: string): Promise<{ id: string; text: string }[]> {
  const entries = await stack.redis.xrange(stack.keys.output(id), '-', '+');
  return entries.map(([id, fields]) => ({ id, text: fields[1] as string }));
}
const textOf = async (id: string) =>
  (await tokensOf(id)).reduce((text, entry) => text + entry.text, '');

test('a streamed chat is asked for as a stream, published while it comes, and completed with all of it', async () => {
  const answer = Promise.withResolvers<StreamedAnswer>();
  stack.upstream.answerWith((call, res) => {
    answer.resolve(streamAnswer(res, call.body.model));
    return undefined;
  });
  const { id } = await streamed();
  const upstream = await answer.promise;
  expect(stack.upstream.calls[0]?.body).toMatchObject({
    stream: true,
    stream_options: { include_usage: true },
  });
  upstream.say('Grüße ').say('aus ').say('\ud83d').say('\ude00!');
  await until('it is published', async () => (await textOf(id)) === 'Grüße aus 😀!');
  expect((await stack.get(id)).status).toBe('in_progress');
  upstream.say(' Ende').end('length');
  expect(await stack.finished(id)).toMatchObject({
    status: 'completed',
    output: { response: 'Grüße aus 😀! Ende', finish_reason: 'length', model: 'gpt-4o-mini' },
    usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
  });
  await until('its end is published', async () => (await textOf(id)) === 'Grüße aus 😀! Ende');
  expect((await tokensOf(id)).at(-1)?.id).toBe('1-18');
  const ttl = await stack.redis.ttl(stack.keys.output(id));
  expect(ttl).toBeGreaterThan(0);
  expect(ttl).toBeLessThanOrEqual(1_200);
});

test('a chat that is not streamed writes no tokens and is asked for as before', async () => {
  stack.upstream.answerWith(() => 'done');
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' } });
  await stack.finished(id);
  expect(stack.upstream.calls[0]?.body.stream).toBeUndefined();
  expect(await stack.redis.exists(stack.keys.output(id))).toBe(0);
});

test('an upstream that does not stream, or tells no usage, is understood', async () => {
  stack.upstream.answerWith((call, res) =>
    sendJson(res, 200, completion('all at once', call.body.model)),
  );
  const { id } = await streamed();
  expect(await stack.finished(id)).toMatchObject({ output: { response: 'all at once' } });
  await until('it is published', async () => (await textOf(id)) === 'all at once');

  stack.upstream.answerWith((_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(
      'data: {"choices":[{"delta":{"role":"assistant"}}]}\r\n\r\n: hm\r\n\r\ndata: {"choices":[{"delta":{"content":"bare"},"finish_reason":"stop"}]}\r\n\r\n',
    );
    return undefined;
  });
  expect(await stack.finished((await streamed()).id)).toMatchObject({
    status: 'completed',
    output: { response: 'bare', finish_reason: 'stop', model: 'gpt-4o-mini' },
    usage: { total_tokens: 0 },
  });
});

const broken: [string, (answer: StreamedAnswer) => unknown][] = [
  ['the connection is lost midway', (answer) => answer.cut()],
  ['the body ends midway', (answer) => answer.event({ choices: [] }) && answer.endBody()],
  ['an error comes midway', (answer) => answer.event({ error: { message: 'x', code: 'y' } })],
  ['an event is not JSON', (answer) => answer.raw('data: {"choices":\n\n')],
  ['an event never ends', (answer) => answer.raw(`data: ${'x'.repeat(3_000_000)}`)],
  ['the answer is longer than it may be', (answer) => flood(answer)],
];

function flood(answer: StreamedAnswer): void {
  for (let n = 0; n < 20; n += 1) answer.say('x'.repeat(100_000));
}

test.each(broken)(
  '%s: the upstream is unavailable, and another attempt starts over',
  async (_, fault) => {
    stack.upstream.answerWith(async (call, res) => {
      const answer = streamAnswer(res, call.body.model);
      if (stack.upstream.calls.length > 1) answer.say('whole').end();
      else {
        const { key } = call;
        answer.say('half');
        await until('it is published', async () =>
          (await textOf(key.slice(0, -'-chat'.length))).endsWith('half'),
        );
        fault(answer);
      }
      return undefined;
    });
    const { id } = await streamed();
    expect(await stack.finished(id)).toMatchObject({
      status: 'completed',
      attempt: 2,
      output: { response: 'whole' },
    });
    await until('the new attempt is published alone', async () => (await textOf(id)) === 'whole');
    expect((await tokensOf(id)).every((entry) => entry.id.startsWith('2-'))).toBe(true);
  },
);

test('refusals before the stream are classified as for any other call', async () => {
  stack.upstream.answerWith((_, res) => sendError(res, 401, 'invalid_api_key'));
  expect(await stack.finished((await streamed()).id)).toMatchObject({
    status: 'failed',
    attempt: 1,
    error: { code: 'upstream_auth', upstream: { status: 401 } },
  });
});

test('silence in the middle of a stream ends with the time of the attempt', async () => {
  stack.upstream.answerWith((call, res) => {
    streamAnswer(res, call.body.model).say('half');
    return undefined;
  });
  const { id } = await streamed({ timeout_seconds: 1, max_attempts: 1 });
  expect(await stack.finished(id)).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
  await until('its connection is closed', () => stack.upstream.calls[0]?.disconnected.aborted);
});

test('a job that is cancelled in the middle of a stream ends at once, and its connection with it', async () => {
  stack.upstream.answerWith((call, res) => {
    streamAnswer(res, call.body.model).say('half');
    return undefined;
  });
  const { id } = await streamed();
  await until('it is published', async () => (await textOf(id)) === 'half');
  await stack.request(`/v1/jobs/${id}/cancel`, { method: 'POST' });
  expect(await stack.finished(id)).toMatchObject({ status: 'cancelled' });
  await until('its connection is closed', () => stack.upstream.calls[0]?.disconnected.aborted);
});

test('a worker that lost the job cannot write behind the one that has it, which heals what is missing', async () => {
  const answers: StreamedAnswer[] = [];
  stack.upstream.answerWith((call, res) => {
    answers.push(streamAnswer(res, call.body.model));
    return undefined;
  });
  const { id } = await streamed();
  await until('it is called', () => answers.length === 1);
  // As if another worker had begun with it.
  await stack.redis.xadd(stack.keys.output(id), '2-3', 'text', 'new');
  answers[0]?.say('old');
  answers[0]?.say(' and older').end();
  expect(await stack.finished(id)).toMatchObject({ output: { response: 'old and older' } });
  expect(await textOf(id)).toBe('new');

  const { id: other } = await streamed();
  await until('it is called', () => answers.length === 2);
  answers[1]?.say('one ');
  await until('it is published', async () => (await textOf(other)) === 'one ');
  await stack.redis.del(stack.keys.output(other)); // As if Redis had lost its last second.
  answers[1]?.say('two');
  await until('all of it is there again', async () => (await textOf(other)) === 'one two');
  answers[1]?.end();
  expect(await stack.finished(other)).toMatchObject({ output: { response: 'one two' } });
});
