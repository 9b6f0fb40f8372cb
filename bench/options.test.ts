import { expect, test } from 'vitest';
import { helpText, readOptions } from './options.ts';

test('without arguments, all rows are measured in full and none has to meet its target', () => {
  expect(readOptions([])).toEqual({
    only: null,
    json: null,
    profileDir: null,
    isQuick: false,
    mustHold: false,
  });
});

test.each([
  [['--only', 'cpu', '--json', 'out.json', '--check']],
  [['--', '--only', 'cpu', '--json', 'out.json', '--check']],
])('reads %j', (args) => {
  expect(readOptions(args)).toMatchObject({ only: 'cpu', json: 'out.json', mustHold: true });
});

test('help lists the rows, and an unknown option is refused', () => {
  expect(readOptions(['--help'])).toBeNull();
  expect(helpText(['end-to-end', 'cpu'])).toContain('end-to-end, cpu');
  expect(() => readOptions(['--onyl', 'cpu'])).toThrow('--onyl');
});
