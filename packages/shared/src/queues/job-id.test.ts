import { expect, test } from 'vitest';
import { createdAtOf, jobTypeOf, newJobId } from './index.ts';

test('an id tells its type and its time, and ids sort by time', () => {
  const before = Date.now();
  const ids = Array.from({ length: 100 }, () => newJobId('analysis'));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) {
    expect(jobTypeOf(id)).toBe('analysis');
    expect(createdAtOf(id)).toBeGreaterThanOrEqual(before);
    expect(createdAtOf(id)).toBeLessThanOrEqual(Date.now());
  }
});

test.each([
  '',
  'chat',
  'chat_',
  'chat_0199',
  'poem_01a1fbb51c1a70548f3db1db53cd7ea0',
  'chat:01a1fbb51c1a70548f3db1db53cd7ea0',
  'chat_01A1FBB51C1A70548F3DB1DB53CD7EA0',
  'chat_01a1fbb51c1a70548f3db1db53cd7ea0\n',
])('%j is no id of ours', (id) => {
  expect(jobTypeOf(id)).toBeNull();
  expect(createdAtOf(id)).toBeNull();
});
