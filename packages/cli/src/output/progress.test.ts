import { expect, test } from 'vitest';
import { describe, duration, openProgress, rateOf } from './progress.ts';
import type { Output } from './output.ts';

function outputOf(isTerminal: boolean): Output & { text: () => string } {
  let text = '';
  return {
    isTerminal,
    columns: () => 80,
    write: async (more) => {
      text += more;
    },
    text: () => text,
  };
}

test('what is shown of a batch', () => {
  expect(describe({ done: 4_210, failed: 3, total: 10_000 }, 512.4)).toBe(
    '4,210/10,000 42%  3 failed  512/s  12s left',
  );
  expect(describe({ done: 0, failed: 0, total: 5 }, null)).toBe('0/5 0%');
  expect(describe({ done: 1, failed: 0, total: 5 }, 0)).toBe('1/5 20%  0.0/s');
  expect(describe({ done: 9_999, failed: 0, total: 10_000 }, 3.14)).toBe(
    '9,999/10,000 99%  3.1/s  1s left',
  );
  expect(describe({ done: 5, failed: 1, total: 5 }, 100)).toBe('5/5 100%  1 failed');
  expect(describe({ done: 0, failed: 0, total: 0 }, null)).toBe('0/0 100%');
});

test.each([
  [0.2, '1s'],
  [59, '59s'],
  [59.5, '1m00s'],
  [245, '4m05s'],
  [7_380, '2h03m'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('the rate is that of what was seen, and none of a single look', () => {
  expect(rateOf([{ atMs: 0, done: 5 }])).toBe(null);
  expect(
    rateOf([
      { atMs: 0, done: 5 },
      { atMs: 2_000, done: 25 },
    ]),
  ).toBe(10);
});

test('a bar fits its terminal, is drawn in place, and is left standing', async () => {
  const err = outputOf(true);
  const progress = openProgress(err, () => 0);
  await progress.show({ done: 1, failed: 0, total: 2 });
  await progress.show({ done: 2, failed: 0, total: 2 });
  await progress.end();
  const [, ...frames] = err.text().split('\r');
  expect(frames).toHaveLength(2);
  for (const frame of frames) {
    const line = frame.replace('\u001B[K', '').trimEnd();
    expect(line.length).toBeLessThan(80);
    expect(line).toMatch(/^\[=+>? *\] /);
  }
  expect(err.text().endsWith('\n')).toBe(true);
});

test('a log gets a line every ten seconds and the last one, and no control characters', async () => {
  const err = outputOf(false);
  let atMs = 0;
  const progress = openProgress(err, () => atMs);
  for (let done = 0; done <= 30; done += 1) {
    atMs = done * 1_000;
    await progress.show({ done, failed: 0, total: 30 });
  }
  await progress.end();
  const lines = err.text().split('\n').slice(0, -1);
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['10/30', '20/30', '30/30', '30/30']);
  expect(err.text()).not.toContain('\r');
  expect(err.text()).not.toContain('\u001B');
});
