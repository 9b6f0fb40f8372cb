import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followEvents, namesIn } from '#support/event-reader.ts';
import { startStack, type Stack } from '#support/stack.ts';
import { until } from '#support/until.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.worker();
});
afterAll(() => stack.close());

test('what is not streamed has no deltas; an analysis tells its progress', async () => {
  const [connected, release] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
  let calls = 0;
  stack.upstream.answerWith(async () => {
    calls += 1;
    if (calls > 2) return release.promise;
    await connected.promise;
    // Progress is written twice a second at most.
    await delay(700);
    return 'x';
  });
  const { id } = await stack.submit({
    type: 'analysis',
    input: { texts: ['a', 'b', 'c'], tasks: ['summary'], max_concurrent: 1 },
  });
  const reader = await followEvents(stack.api.url, id);
  connected.resolve();
  const progress = await reader.untilEvent('job.progress');
  expect(progress.data).toMatchObject({ status: 'in_progress', progress: { total: 3 } });
  release.resolve('x');
  await reader.ended;
  expect(namesIn(reader.events).slice(-2)).toEqual(['job.progress', 'job.completed']);

  stack.upstream.answerWith(() => 'plain');
  const chat = await stack.submit({ type: 'chat', input: { message: 'x', stream: false } });
  const plain = await followEvents(stack.api.url, chat.id);
  await plain.ended;
  expect(namesIn(plain.events)).not.toContain('output.delta');
  expect(plain.events.at(-1)).toMatchObject({ event: 'job.completed', data: { id: chat.id } });
});

test.each([
  ['malformed', () => 'nonsense'],
  ['another kind of malformed', (id: string) => `${id}.1.x.3`],
  ['of another job', (id: string) => `${id.slice(0, -1)}g.1.2.3`],
  ['very long', () => 'x'.repeat(5_000)],
])('a Last-Event-ID that is %s is refused', async (_, idOf) => {
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' }, delay_seconds: 60 });
  const response = await stack.request(`/v1/jobs/${id}/events`, {
    headers: { 'last-event-id': idOf(id) },
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    code: 'invalid_request',
    errors: [{ pointer: '/last-event-id' }],
  });
});

test('the events of an unknown job are not found, and nothing listens for it', async () => {
  const id = 'chat_01a1fbb51c1a70548f3db1db53cd7ea0';
  const response = await stack.request(`/v1/jobs/${id}/events`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: 'not_found' });
  expect(await stack.redis.pubsub('CHANNELS', `*${id}`)).toEqual([]);
});

test('when the last client has left, nobody listens', async () => {
  const { id } = await stack.submit({ type: 'chat', input: { message: 'x' }, delay_seconds: 60 });
  const readers = [await followEvents(stack.api.url, id), await followEvents(stack.api.url, id)];
  const channels = async () =>
    ((await stack.redis.pubsub('CHANNELS', `*${id}`)) as string[]).length;
  expect(await channels()).toBe(2);
  for (const reader of readers) reader.leave();
  await until('nobody listens', async () => (await channels()) === 0);
  const head = await stack.request(`/v1/jobs/${id}/events`, { method: 'HEAD' });
  expect(head.status).toBe(200);
  await until('nobody listens after HEAD', async () => (await channels()) === 0);
});
