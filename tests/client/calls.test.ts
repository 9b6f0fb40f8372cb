import { PromptQ, type JobEvent, type PromptQError } from '@promptq/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi, type Service } from '#support/processes.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { streamAnswer, type StreamedAnswer } from '#support/streamed-answer.ts';
import { firstReachable } from '#support/two-apis.ts';
import { until } from '#support/until.ts';

let stack: Stack;
let second: Service & { url: string };
let client: PromptQ;
let workers: Service[];
beforeAll(async () => {
  stack = await startStack();
  second = await startApi(stack.environment);
  client = new PromptQ({ baseUrl: stack.api.url });
  workers = await Promise.all([stack.worker(), stack.worker()]);
});
afterAll(async () => {
  await second.kill('SIGKILL');
  await stack.close();
});

const hi = { type: 'chat', input: { message: 'hi' } } as const;
const failure = (calling: Promise<unknown>) =>
  calling.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error as PromptQError,
  );

/** The answers that the test gives to the calls of streamed jobs. */
function streamedCalls(): (n: number) => Promise<StreamedAnswer> {
  const answers: StreamedAnswer[] = [];
  stack.upstream.answerWith((call, res) => {
    // Jobs of an earlier test can still be under way.
    if (!call.body.stream) return 'done';
    answers.push(streamAnswer(res, call.body.model));
    return undefined;
  });
  return (n) => until(`call ${n + 1}`, () => answers[n]);
}

test('a job is submitted, waited for, read, and found in the audit', async () => {
  stack.upstream.answerWith((call) => `you said ${call.body.messages[0]?.content}`);
  const job = await client.submit({ ...hi, user_id: 'u-1', metadata: { order: '42' } });
  const ended = await client.wait(job);
  expect(ended).toMatchObject({ id: job.id, type: 'chat', status: 'completed' });
  // Typed: what was submitted as a chat has the output of a chat.
  expect(ended.output?.response).toBe('you said hi');
  expect(await client.get(job.id, { include: 'input' })).toEqual({
    ...ended,
    input: { ...hi.input, model: 'gpt-4o-mini', temperature: 0 },
  });
  const event = await until('the audit event', async () => {
    for await (const one of client.audit({ job_id: job.id })) return one;
    return null;
  });
  expect(event).toMatchObject({ type: 'job.completed', user_id: 'u-1', reply: 'you said hi' });
});

test('the answer of a short job comes with its submission', async () => {
  stack.upstream.answerWith(() => 'at once');
  const job = await client.submit(hi, { wait: 60 });
  expect(job).toMatchObject({ status: 'completed', output: { response: 'at once' } });
});

test('a submission whose answer was lost is one job, and one call', async () => {
  stack.upstream.answerWith(() => 'once');
  stack.upstream.calls.length = 0;
  let replays = 0;
  let lost = 0;
  const unlucky = new PromptQ({
    baseUrl: stack.api.url,
    // The request arrives, its answer does not.
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (init?.method !== 'POST' || lost === 2) return response;
      lost += 1;
      throw new TypeError('fetch failed');
    },
  });
  const job = await unlucky.submit(hi, { onReplay: () => (replays += 1) });
  await client.wait(job.id);
  expect([lost, replays, stack.upstream.calls.length]).toEqual([2, 1, 1]);
  await client.submit({ ...hi, input: { message: 'x' } }, { idempotencyKey: 'k' });
  expect(await failure(client.submit(hi, { idempotencyKey: 'k' }))).toMatchObject({
    code: 'idempotency_key_reused',
    status: 422,
  });
});

test('a job is cancelled, and run again as a new one', async () => {
  stack.upstream.answerWith(() => 'done');
  const job = await client.submit({ ...hi, delay_seconds: 3_600 });
  // A worker may hold it by the time of the answer: it ends it.
  expect((await client.cancel(job)).cancel_requested_at).not.toBe(null);
  expect(await client.wait(job)).toMatchObject({ status: 'cancelled' });
  expect(await client.cancel(job.id)).toMatchObject({ status: 'cancelled' });
  const again = await client.retry(job);
  expect(again).toMatchObject({ retry_of: job.id });
  expect(await client.wait(again)).toMatchObject({ status: 'completed' });
  expect(await failure(client.retry(again))).toMatchObject({ status: 409, shouldRetry: false });
});

test('what is wrong with a request is named', async () => {
  const request = { type: 'chat', input: { message: 'hi', temperature: 9 } } as const;
  const error = await failure(client.submit(request));
  expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
  expect(error.errors).toMatchObject([{ pointer: '/input/temperature' }]);
  expect(error.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(await failure(client.get('chat_1'))).toMatchObject({ code: 'not_found', status: 404 });
  const wait = client.wait('chat_1', { timeoutMs: 60_000 });
  expect(await failure(wait)).toMatchObject({ code: 'not_found' });
});

test('all jobs of a user are listed, page by page', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 7; n += 1) {
    const { id } = await client.submit({ type: 'analysis', input: { text: `${n}` } });
    ids.unshift(id);
  }
  const listed: string[] = [];
  for await (const { id } of client.list({ type: 'analysis', limit: 3 })) listed.push(id);
  expect(listed).toEqual(ids);
});

test('a stream goes on without losing or repeating a character when the API that serves it is killed, and begins again when its worker is', async () => {
  const call = streamedCalls();
  const apis = [await startApi(stack.environment), second];
  const resuming = new PromptQ({
    baseUrl: 'http://promptq.test',
    fetch: firstReachable(() => apis.map(({ url }) => url)),
  });
  const events: JobEvent[] = [];
  const said = () => {
    const last = events.findLastIndex(({ type }) => type === 'output.reset');
    return events
      .slice(last + 1)
      .flatMap((one) => (one.type === 'output.delta' ? one.data.delta : []))
      .join('');
  };
  const reading = (async () => {
    for await (const event of resuming.stream({ ...hi, timeout_seconds: 120 })) events.push(event);
  })();
  const first = await call(0);
  first.say('Grüße ').say('aus ');
  await until('it is read', () => said() === 'Grüße aus ');
  await apis[0]?.kill('SIGKILL');
  first.say('dem 日本').say(' 👋');
  await until('it is read on the other API', () => said() === 'Grüße aus dem 日本 👋');

  const { id } = (events[0] as JobEvent).data as { id: string };
  await Promise.all(workers.map((worker) => worker.kill('SIGKILL')));
  await stack.worker();
  const again = await call(1);
  again.say('Zweiter ').say('Anlauf').end();
  await reading;
  expect(said()).toBe('Zweiter Anlauf');
  expect(events.filter(({ type }) => type === 'output.reset')).toHaveLength(1);
  expect(events.at(-1)).toMatchObject({
    type: 'job.completed',
    data: { id, output: { response: 'Zweiter Anlauf' } },
  });
  // Whoever comes back after the end has nothing more to read.
  const rest: JobEvent[] = [];
  const lastEventId = events.at(-1)?.id ?? '';
  for await (const event of client.stream(id, { lastEventId })) rest.push(event);
  expect(rest).toEqual([]);
});
