import { expect, test } from 'vitest';
import { describeProgress, formatDuration, rateMeter } from './describe-progress.ts';

test('the progress of a batch as text', () => {
  expect(describeProgress({ done: 4_210, failed: 3, total: 10_000 }, 512.4)).toBe(
    '4,210/10,000 42%  3 failed  512/s  12s left',
  );
  expect(describeProgress({ done: 0, failed: 0, total: 5 }, null)).toBe('0/5 0%');
  expect(describeProgress({ done: 1, failed: 0, total: 5 }, 0)).toBe('1/5 20%  0.0/s');
  expect(describeProgress({ done: 9_999, failed: 0, total: 10_000 }, 3.14)).toBe(
    '9,999/10,000 99%  3.1/s  1s left',
  );
  expect(describeProgress({ done: 5, failed: 1, total: 5 }, 100)).toBe('5/5 100%  1 failed');
  expect(describeProgress({ done: 0, failed: 0, total: 0 }, null)).toBe('0/0 100%');
});

test.each([
  [0.2, '1s'],
  [59, '59s'],
  [59.5, '1m00s'],
  [245, '4m05s'],
  [7_380, '2h03m'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test('the rate covers the last 15 s, from the last sample before them, and one sample has no rate', () => {
  let nowMs = 0;
  const rate = rateMeter(() => nowMs);
  expect(rate(5)).toBe(null);
  nowMs = 2_000;
  expect(rate(25)).toBe(10);
  nowMs = 16_000;
  expect(rate(25)).toBe(1.25);
  nowMs = 22_000;
  expect(rate(85)).toBe(3);
});
