import { expect, test } from 'vitest';
import type { Output } from '../context/output.ts';
import { openProgress } from './progress.ts';

function recordingOutput(isTerminal: boolean): Output & { text: () => string } {
  let text = '';
  return {
    isTerminal,
    columns: () => 60,
    write: async (more) => {
      text += more;
    },
    text: () => text,
  };
}

test('a bar fits the terminal, is drawn in place, and stays when it ends', async () => {
  const err = recordingOutput(true);
  const progress = openProgress(err);
  await progress.show({ done: 1_000, failed: 0, total: 2_000 });
  await err.write('promptq: a message meanwhile\n');
  await progress.show({ done: 2_000, failed: 7, total: 2_000 });
  await progress.end();
  // Each frame starts with "cursor to column 1" and ends with "erase to the right" (ECMA-48, CHA and EL).
  const frames = err.text().split('\u001B[1G').slice(1);
  expect(frames.map((frame) => frame.replace('\u001B[0K', ''))).toEqual([
    `[${'='.repeat(20)}>${' '.repeat(19)}] 1,000/2,000 50%promptq: a message meanwhile\n`,
    `[${'='.repeat(30)}] 2,000/2,000 100%  7 failed\n`,
  ]);
  // The cursor is neither saved nor restored (DECSC, DECRC), nor are other settings of the terminal changed.
  const rest = err.text().replaceAll('\u001B[1G', '').replaceAll('\u001B[0K', '');
  expect(rest).not.toContain('\u001B');
});

test('a display without any progress writes nothing', async () => {
  for (const isTerminal of [true, false]) {
    const err = recordingOutput(isTerminal);
    await openProgress(err).end();
    expect(err.text()).toBe('');
  }
});

test('a log gets a line every ten seconds and the last one, without control characters', async () => {
  const err = recordingOutput(false);
  let nowMs = 0;
  const progress = openProgress(err, () => nowMs);
  for (let done = 0; done <= 30; done += 1) {
    nowMs = done * 1_000;
    await progress.show({ done, failed: 0, total: 30 });
  }
  await progress.end();
  const lines = err.text().split('\n').slice(0, -1);
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['10/30', '20/30', '30/30', '30/30']);
  expect(err.text()).not.toContain('\r');
  expect(err.text()).not.toContain('\u001B');
});
