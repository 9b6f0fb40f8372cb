import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const program = fileURLToPath(new URL('run.ts', import.meta.url));
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'promptq-test-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function run(...args: string[]) {
  return spawn(process.execPath, ['-C', '@promptq/source', program, '--quick', ...args], {
    env: { ...process.env, TMPDIR: dir },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

test('Ctrl-C in the middle leaves no files behind', async () => {
  const bench = run('--only', 'cpu');
  bench.stderr.on('data', (said) => {
    if (String(said).includes('measuring')) bench.kill('SIGINT');
  });
  expect(await once(bench, 'exit')).toEqual([130, null]);
  expect((await readdir(dir)).filter((name) => name.startsWith('promptq-bench-'))).toEqual([]);
});

test('a file that cannot be written is refused before anything is measured', async () => {
  const bench = run('--only', 'cpu', '--json', path.join(dir, 'none', 'out.json'));
  const [said, [code]] = await Promise.all([text(bench.stderr), once(bench, 'exit')]);
  expect(code).toBe(2);
  expect(said).toContain('ENOENT');
  expect(said).not.toContain('measuring');
});
