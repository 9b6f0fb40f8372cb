import { expect, test } from 'vitest';
import { openTestStore } from '../testing/test-store.ts';

const jobId = 'chat_1';
const start = { attempt: 0, characters: 0 };

test('pieces are appended in order, once each, and are read from a position on', async () => {
  const { output, context } = await openTestStore();
  const received: string[] = [];
  const subscriber = context.redis.duplicate();
  subscriber.on('message', (_channel, id: string) => received.push(id));
  await subscriber.subscribe(context.keys.output(jobId));
  const append = (attempt: number, characters: number, text: string) =>
    output.append(jobId, { at: { attempt, characters }, text }, 60);
  expect(await append(1, 0, '')).toBe('appended');
  expect(await append(1, 0, 'Hé')).toBe('appended');
  expect(await append(1, 2, '😀!')).toBe('appended');
  // The reply was lost and the same is sent again.
  expect(await append(1, 2, '😀!')).toBe('appended');
  expect(await append(1, 9, 'x')).toBe('gap');
  expect(await output.read(jobId, start, 10)).toEqual([
    { at: { attempt: 1, characters: 0 }, text: 'Hé' },
    { at: { attempt: 1, characters: 2 }, text: '😀!' },
  ]);
  expect(await output.read(jobId, { attempt: 1, characters: 2 }, 10)).toEqual([
    { at: { attempt: 1, characters: 2 }, text: '😀!' },
  ]);
  expect(await output.read(jobId, start, 1)).toHaveLength(1);
  await expect.poll(() => received).toEqual(['1-0', '1-2', '1-5']);
  expect(await context.redis.ttl(context.keys.output(jobId))).toBeGreaterThan(0);
  subscriber.disconnect();
});

test('a new attempt replaces the output, and the attempt before it writes no more', async () => {
  const { output } = await openTestStore();
  const append = (attempt: number, characters: number, text: string) =>
    output.append(jobId, { at: { attempt, characters }, text }, 60);
  await append(1, 0, 'old');
  expect(await append(2, 3, 'x')).toBe('gap');
  expect(await append(2, 0, '')).toBe('appended');
  expect(await append(1, 3, 'late')).toBe('superseded');
  expect(await append(2, 0, 'new')).toBe('appended');
  expect(await output.read(jobId, start, 10)).toEqual([
    { at: { attempt: 2, characters: 0 }, text: 'new' },
  ]);
  // The id came back: another job begins with an empty stream.
  expect(await append(1, 0, '')).toBe('appended');
  expect(await output.read(jobId, start, 10)).toEqual([
    { at: { attempt: 1, characters: 0 }, text: '' },
  ]);
});
