import { expect, test } from 'vitest';

import { parseCommandLine } from './options.ts';

test('without arguments, there are two workers, port 3000 and the sample', () => {
  expect(parseCommandLine([])).toEqual({
    kind: 'run',
    options: { workers: 2, port: 3000, sample: true },
  });
});

test.each([
  [['--workers', '4', '--port', '3100', '--no-sample']],
  [['--workers=4', '--port=3100', '--no-sample']],
  [['--', '--workers', '4', '--port', '3100', '--no-sample']],
])('reads %j', (args) => {
  expect(parseCommandLine(args)).toEqual({
    kind: 'run',
    options: { workers: 4, port: 3100, sample: false },
  });
});

test.each([
  [['--workers', '0'], '--workers'],
  [['--workers', 'two'], '--workers'],
  [['--workers', '1.5'], '--workers'],
  [['--workers'], '--workers'],
  [['--workers', '65'], '--workers'],
  [['--port', '65536'], '--port'],
  [['--port', '0'], '--port'],
  [['--port=-1'], '--port'],
  [['--port', ''], '--port'],
  [['--verbose'], '--verbose'],
  [['extra'], 'extra'],
])('refuses %j and names the option', (args, name) => {
  const commandLine = parseCommandLine(args);
  expect(commandLine.kind).toBe('error');
  expect(commandLine).toHaveProperty('text', expect.stringContaining(name));
});

test('--help explains every option, even beside invalid ones', () => {
  const commandLine = parseCommandLine(['--help', '--workers', 'none']);
  expect(commandLine.kind).toBe('help');
  for (const flag of ['--workers', '--port', '--no-sample']) {
    expect(commandLine).toHaveProperty('text', expect.stringContaining(flag));
  }
});
