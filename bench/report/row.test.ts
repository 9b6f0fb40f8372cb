import { expect, test } from 'vitest';
import { atLeast, atMost, below, toFailedRow, toRow } from './row.ts';
import { summarize, toTable } from './table.ts';

const measured = { name: 'a-row', unit: 'jobs/s', ours: [300, 100, 200], diy: [50, 400, 100] };

test('a row has the medians of its rounds and their ratio', () => {
  expect(toRow({ ...measured, target: atLeast(2) })).toMatchObject({
    ours: 200,
    diy: 100,
    ratio: 2,
    target: '>= 2',
    held: true,
    required: null,
    requiredHeld: null,
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
])('a row says whether it meets the target %j', (target, held) => {
  expect(toRow({ ...measured, target }).held).toBe(held);
});

test.each([
  [atLeast(2.1, { required: 2 }), '>= 2', true],
  [atLeast(2.2, { required: 2.1 }), '>= 2.1', false],
  [atMost(1.8, { required: 2 }), '<= 2', true],
  [atMost(1.8, { required: 1.9 }), '<= 1.9', false],
])('a row says whether it keeps its required bound, %j', (target, required, requiredHeld) => {
  expect(toRow({ ...measured, target })).toMatchObject({ held: false, required, requiredHeld });
});

test('the table and the summary say for each row whether it meets its target', () => {
  const rows = [
    toRow({ ...measured, name: 'met', target: atLeast(2) }),
    toRow({ ...measured, name: 'missed', target: atLeast(3) }),
    toRow({ ...measured, name: 'close', target: atLeast(3, { required: 2 }) }),
    toRow({ ...measured, name: 'far', target: atLeast(4, { required: 3 }) }),
    toFailedRow('broken', 'the API ended'),
  ];
  const table = toTable(rows);
  expect(table).toMatch(/\| met +\| 200 jobs\/s +\| DIY 100 jobs\/s \| 2\.00 +\| >= 2 +\| met +\|/);
  expect(table).toMatch(/\| missed .* \| >= 3 +\| \*\*missed\*\* +\|/);
  expect(table).toMatch(/\| close .* \| >= 3, required >= 2 \| \*\*missed\*\* +\|/);
  expect(table).toMatch(/\| far .* \| >= 4, required >= 3 \| \*\*below required\*\* \|/);
  expect(table).toMatch(/\| broken .* \| \*\*failed\*\* .* \| failed: the API ended \|/);
  expect(summarize(rows)).toBe(
    '1 of 5 rows meets its target. Missed: missed, close, far, broken. Required bound missed: far.',
  );
  expect(summarize(rows.slice(0, 1))).toBe('1 of 1 rows meets its target.');
});
