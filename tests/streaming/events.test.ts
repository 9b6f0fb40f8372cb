import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PublicJob } from '@promptq/shared/contracts';
import { followEvents, idNumbers, namesIn, saidIn, type SeenEvent } from '#support/event-reader.ts';
import { startApi } from '#support/processes.ts';
import { promote } from '#support/promote.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { streamAnswer, type StreamedAnswer } from '#support/streamed-answer.ts';
import { until } from '#support/until.ts';

let stack: Stack;
let other: string;
let closeSecond: () => Promise<unknown>;
beforeAll(async () => {
  stack = await startStack();
  const second = await startApi(stack.environment);
  closeSecond = () => second.kill('SIGKILL');
  other = second.url;
  await Promise.all([stack.worker(), stack.worker()]);
});
afterAll(async () => {
  await closeSecond();
  await stack.close();
});

/** A streamed job, and the answers that the test gives to its calls. */
async function streamedJob(more: object = {}) {
  const answers: StreamedAnswer[] = [];
  stack.upstream.answerWith((call, res) => {
    answers.push(streamAnswer(res, call.body.model));
    return undefined;
  });
  const { id } = await stack.submit({
    type: 'chat',
    input: { message: 'x', stream: true },
    ...more,
  });
  const answer = (n: number) => until(`call ${n + 1}`, () => answers[n]);
  return { id, answer };
}

/** The ids never go back, and no two are the same. */
function expectGrowing(events: SeenEvent[]): void {
  const ids = idNumbers(events);
  for (const [at, id] of ids.entries()) {
    const before = ids[at - 1];
    if (!before) continue;
    const [attempt = 0, characters = 0, count = 0] = id;
    const [attemptBefore = 0, charactersBefore = 0, countBefore = 0] = before;
    expect(count).toBeGreaterThan(countBefore);
    expect(attempt).toBeGreaterThanOrEqual(attemptBefore);
    if (attempt === attemptBefore) expect(characters).toBeGreaterThanOrEqual(charactersBefore);
  }
}

test('a streamed job is followed from the queue to its end, in order', async () => {
  const { id, answer } = await streamedJob({ delay_seconds: 3_600 });
  const reader = await followEvents(stack.api.url, id);
  expect(reader.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(reader.response.headers.get('cache-control')).toBe('no-store');
  expect(reader.response.headers.get('x-accel-buffering')).toBe('no');
  expect((await reader.untilEvent('job.queued')).data).toMatchObject({ id, attempt: 0 });
  await promote(stack, id);
  const upstream = await answer(0);
  expect((await reader.untilEvent('job.in_progress')).data).toMatchObject({ id, attempt: 1 });
  upstream.say('Hel').say('lo ');
  await reader.untilSaid('Hello ');
  upstream.say('\ud83d').say('\ude00').end();
  expect(await reader.ended).toBe('ended');
  expect(namesIn(reader.events)).toEqual([
    'job.queued',
    'job.in_progress',
    'output.delta',
    'job.completed',
  ]);
  expect(saidIn(reader.events)).toBe('Hello 😀');
  expectGrowing(reader.events);
  const job = await stack.get(id);
  expect(reader.events.at(-1)?.data).toEqual(job);
});

test('whoever comes back, to whichever process, has every character once', async () => {
  const { id, answer } = await streamedJob();
  const upstream = await answer(0);
  const said: string[] = [];
  const say = (text: string) => {
    said.push(text);
    upstream.say(text);
  };
  const client: SeenEvent[] = [];
  for (let n = 0; n < 30; n += 1) {
    const url = n % 2 === 0 ? stack.api.url : other;
    const reader = await followEvents(url, id, client.at(-1)?.id);
    say(`${n} ä😀${'x'.repeat(n)} `);
    // Left with the first piece that comes, in the middle of what else is on its way.
    await until('something came', () =>
      reader.events.some(({ event }) => event === 'output.delta'),
    );
    say(`and ${n} `);
    reader.leave();
    await reader.ended;
    client.push(...reader.events);
  }
  const last = await followEvents(other, id, client.at(-1)?.id);
  upstream.end();
  await last.ended;
  client.push(...last.events);
  expect(saidIn(client)).toBe(said.join(''));
  expectGrowing(client);
  const { output } = (client.at(-1) as SeenEvent).data as unknown as PublicJob;
  expect(output).toMatchObject({ response: said.join('') });
});

test('an attempt that fails in the middle is void for its clients, also for one that comes back later', async () => {
  const { id, answer } = await streamedJob();
  const reader = await followEvents(stack.api.url, id);
  (await answer(0)).say('half');
  await reader.untilSaid('half');
  const late = reader.events.find(({ event }) => event === 'output.delta');
  (await answer(0)).cut();
  const second = await answer(1);
  await reader.untilEvent('output.reset');
  expect(saidIn(reader.events)).toBe('');
  second.say('who');
  await reader.untilSaid('who');
  const back = await followEvents(other, id, late?.id);
  await back.untilSaid('who');
  second.say('le').end();
  expect(await Promise.all([reader.ended, back.ended])).toEqual(['ended', 'ended']);
  expect(namesIn(reader.events).slice(-7)).toEqual([
    'job.in_progress',
    'output.delta',
    'job.queued',
    'job.in_progress',
    'output.reset',
    'output.delta',
    'job.completed',
  ]);
  expect(namesIn(back.events)).toEqual([
    'job.in_progress',
    'output.reset',
    'output.delta',
    'job.completed',
  ]);
  for (const { events } of [reader, back]) {
    expect(saidIn(events)).toBe('whole');
    expectGrowing(events);
  }
});

test('a job that is cancelled while it speaks ends with that', async () => {
  const { id, answer } = await streamedJob();
  const reader = await followEvents(other, id);
  (await answer(0)).say('half');
  await reader.untilSaid('half');
  await stack.request(`/v1/jobs/${id}/cancel`, { method: 'POST' });
  expect(await reader.ended).toBe('ended');
  expect(reader.events.at(-1)).toMatchObject({
    event: 'job.cancelled',
    data: { status: 'cancelled', error: { code: 'cancelled' } },
  });
  expect(saidIn(reader.events)).toBe('half');
});

test('a job that has ended answers at once; once its tokens have expired, its output is in the last event alone', async () => {
  const { id, answer } = await streamedJob();
  const first = await followEvents(stack.api.url, id);
  const upstream = await answer(0);
  upstream.say('all ');
  await first.untilSaid('all ');
  const lastSeenId = first.events.at(-1)?.id;
  upstream.say('of it').end();
  await first.ended;

  const soon = await followEvents(other, id);
  await soon.ended;
  expect(namesIn(soon.events)).toEqual(['output.delta', 'job.completed']);
  expect(saidIn(soon.events)).toBe('all of it');

  await stack.redis.del(stack.keys.output(id));
  const late = await followEvents(stack.api.url, id);
  await late.ended;
  expect(namesIn(late.events)).toEqual(['job.completed']);
  expect(late.events[0]?.data).toMatchObject({ output: { response: 'all of it' } });
  const back = await followEvents(other, id, lastSeenId);
  await back.ended;
  expect(back.events.map(({ event, data }) => [event, data.delta])).toEqual([
    ['output.delta', 'of it'],
    ['job.completed', undefined],
  ]);
  const end = await stack.request(`/v1/jobs/${id}/events`, {
    headers: { 'last-event-id': first.events.at(-1)?.id as string },
  });
  expect(end.status, 'it need not come back').toBe(204);
});
