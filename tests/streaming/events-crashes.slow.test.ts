import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import { followEvents, saidIn, type SeenEvent } from '#support/event-reader.ts';
import { startApi, type Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { streamAnswer, type StreamedAnswer } from '#support/streamed-answer.ts';
import { startTcpProxy } from '#support/tcp-proxy.ts';
import { until } from '#support/until.ts';

let stack: Stack;
let second: Service & { url: string };
beforeEach(async () => {
  stack = await startStack();
  second = await startApi(stack.environment);
});
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await second.kill('SIGKILL');
  await stack.close();
});

async function streamedJob() {
  const answers: StreamedAnswer[] = [];
  stack.upstream.answerWith((call, res) => {
    answers.push(streamAnswer(res, call.body.model));
    return undefined;
  });
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x', stream: true } });
  return { id, answer: (n: number) => until(`call ${n + 1}`, () => answers[n]) };
}

const outputOf = (events: SeenEvent[]) =>
  (events.at(-1)?.data as unknown as PublicJob | undefined)?.output;

test('a worker killed in the middle of a stream: another says all of it, and the client shows no two halves', async () => {
  const killed = await stack.worker();
  const { id, answer } = await streamedJob();
  const reader = await followEvents(stack.api.url, id);
  (await answer(0)).say('Half of ');
  await reader.untilSaid('Half of ');
  await killed.kill('SIGKILL');
  await Promise.all([stack.worker(), stack.worker()]);
  const again = await answer(1);
  again.say('All of ');
  await reader.untilSaid('All of ');
  again.say('it').end();
  expect(await reader.ended).toBe('ended');
  expect(reader.events.filter(({ event }) => event === 'output.reset').length).toBe(1);
  expect(saidIn(reader.events)).toBe('All of it');
  expect(outputOf(reader.events)).toMatchObject({ response: 'All of it' });
});

test('an API killed in the middle of a stream: the client goes on with the other, and has every character once', async () => {
  await Promise.all([stack.worker(), stack.worker()]);
  const { id, answer } = await streamedJob();
  const upstream = await answer(0);
  const first = await followEvents(second.url, id);
  const said: string[] = [];
  const speak = setInterval(() => {
    said.push(`${said.length} ä😀 `);
    upstream.say(said.at(-1) as string);
  }, 5);
  await until('much has come', () => first.events.length > 20);
  await second.kill('SIGKILL');
  expect(await first.ended).toBe('lost');
  const client = [...first.events];
  const back = await followEvents(stack.api.url, id, client.at(-1)?.id);
  await until('more has come', () => back.events.length > 20);
  clearInterval(speak);
  upstream.end();
  expect(await back.ended).toBe('ended');
  client.push(...back.events);
  expect(saidIn(client)).toBe(said.join(''));
  expect(outputOf(client)).toMatchObject({ response: said.join('') });
});

test('an API that stops ends its streams at once, and the client goes on with the other', async () => {
  await stack.worker();
  const { id, answer } = await streamedJob();
  const upstream = await answer(0);
  upstream.say('one ');
  const first = await followEvents(second.url, id);
  await first.untilSaid('one ');
  expect(await second.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await first.ended).toBe('ended');
  expect(first.events.at(-1)?.event).toBe('output.delta');
  const back = await followEvents(stack.api.url, id, first.events.at(-1)?.id);
  upstream.say('two').end();
  await back.ended;
  expect(saidIn([...first.events, ...back.events])).toBe('one two');
});

test('a client that reads nothing for a while has all of it in the end, and the API holds little for it', async () => {
  await stack.worker();
  const { id, answer } = await streamedJob();
  const upstream = await answer(0);
  const reader = await followEvents(stack.api.url, id);
  const piece = 'ä😀'.repeat(3_000);
  for (let n = 0; n < 60; n += 1) upstream.say(piece);
  const slow = await fetch(`${stack.api.url}/v1/jobs/${id}/events`);
  await reader.untilSaid(piece.repeat(60));
  upstream.end();
  await stack.finished(id);
  const text = await slow.text();
  const deltas = [...text.matchAll(/^data: (\{"delta".*\})$/gm)].map(
    ([, data]) => (JSON.parse(data as string) as { delta: string }).delta,
  );
  expect(deltas.join('')).toBe(piece.repeat(60));
  expect(Math.max(...deltas.map(({ length }) => length))).toBeLessThanOrEqual(16_384);
  expect(deltas.every((delta) => delta.isWellFormed())).toBe(true);
  expect(text).toContain('event: job.completed');
});

test.each(['down', 'swallow'] as const)(
  'while Redis is away (%s) a stream stays open, and goes on when it is back',
  async (outage) => {
    const real = new URL(inject('redisUrl'));
    const proxy = await startTcpProxy({ host: real.hostname, port: Number(real.port || 6379) });
    const through = new URL(real);
    through.host = `127.0.0.1:${proxy.port}`;
    const api = await startApi({ ...stack.environment, REDIS_URL: through.href });
    closing.push(
      () => api.kill('SIGKILL'),
      () => proxy.close(),
    );
    await stack.worker();
    const { id, answer } = await streamedJob();
    const upstream = await answer(0);
    const reader = await followEvents(api.url, id);
    upstream.say('before ');
    await reader.untilSaid('before ');
    await proxy[outage]();
    upstream.say('meanwhile ');
    await until(
      'the API is not ready',
      async () => (await fetch(`${api.url}/readyz`)).status === 503,
    );
    await proxy.up();
    await reader.untilSaid('before meanwhile ');
    upstream.say('after').end();
    expect(await reader.ended).toBe('ended');
    expect(saidIn(reader.events)).toBe('before meanwhile after');
  },
);
