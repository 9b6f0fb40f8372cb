import { expect, test } from 'vitest';
import { help, readOptions } from './options.ts';

test('without arguments: every row, in full, and no row has to hold', () => {
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

test('help names the rows; an unknown option is refused', () => {
  expect(readOptions(['--help'])).toBeNull();
  expect(help(['end-to-end', 'cpu'])).toContain('end-to-end, cpu');
  expect(() => readOptions(['--onyl', 'cpu'])).toThrow('--onyl');
});
