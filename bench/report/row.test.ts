import { expect, test } from 'vitest';
import { atLeast, atMost, below, notMeasured, toRow } from './row.ts';
import { toTable } from './table.ts';

const measured = { name: 'a-row', unit: 'jobs/s', ours: [300, 100, 200], diy: [50, 400, 100] };

test('a row is the medians of its rounds and their ratio', () => {
  expect(toRow({ ...measured, target: atLeast(2) })).toMatchObject({
    ours: 200,
    diy: 100,
    ratio: 2,
    target: '>= 2',
    held: true,
    rounds: 3,
  });
});

test.each([
  [atLeast(2), true],
  [atLeast(2.1), false],
  [atMost(2), true],
  [atMost(1.9), false],
  [below(201, 'ms'), true],
  [below(200, 'ms'), false],
])('the target %j is judged', (target, held) => {
  expect(toRow({ ...measured, target }).held).toBe(held);
});

test('what could not be measured is neither held nor missed', () => {
  const row = notMeasured({ name: 'b', unit: 'ms', target: atMost(1), note: 'not supported' }, [3]);
  expect(row).toMatchObject({ ours: null, diy: 3, ratio: null, held: null });
  expect(toTable([row])).toMatch(/\| b +\| - +\| DIY 3 ms \| - +\| <= 1 +\| not measured \|/);
});
