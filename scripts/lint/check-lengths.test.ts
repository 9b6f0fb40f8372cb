import { expect, test } from 'vitest';
import { checkLengths } from './check-lengths.ts';

const lines = (count: number) => 'x\n'.repeat(count);

test('200 lines are not too many, 201 need a reason at the top', () => {
  expect(checkLengths([{ path: 'a.ts', text: lines(200) }])).toEqual([]);
  expect(checkLengths([{ path: 'a.ts', text: lines(201) }])).toEqual([
    expect.stringContaining('a.ts: 201 lines'),
  ]);
});

test('a reason in TypeScript or Lua counts, but only on the first line and with words', () => {
  const explained = (first: string) => checkLengths([{ path: 'a', text: first + lines(201) }]);
  expect(explained('// More than 200 lines: one schema.\n')).toEqual([]);
  expect(explained('-- More than 200 lines: the text of BullMQ.\n')).toEqual([]);
  expect(explained('// More than 200 lines:\n')).toHaveLength(1);
  expect(explained('\n// More than 200 lines: one schema.\n')).toHaveLength(1);
});

test('a fourth long file is one too many, whatever it says', () => {
  const text = `// More than 200 lines: one schema.\n${lines(201)}`;
  const files = ['a', 'b', 'c', 'd'].map((path) => ({ path, text }));
  expect(checkLengths(files.slice(1))).toEqual([]);
  expect(checkLengths(files)).toEqual([expect.stringContaining('4 files')]);
});
