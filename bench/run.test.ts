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

test('Ctrl-C during a measurement leaves no files behind', async () => {
  const bench = run('--only', 'cpu');
  bench.stderr.on('data', (chunk) => {
    if (String(chunk).includes('measuring')) bench.kill('SIGINT');
  });
  expect(await once(bench, 'exit')).toEqual([130, null]);
  expect((await readdir(dir)).filter((name) => name.startsWith('promptq-bench-'))).toEqual([]);
});

test('a file that cannot be written is refused before any measurement', async () => {
  const bench = run('--only', 'cpu', '--json', path.join(dir, 'none', 'out.json'));
  const [stderr, [code]] = await Promise.all([text(bench.stderr), once(bench, 'exit')]);
  expect(code).toBe(2);
  expect(stderr).toContain('ENOENT');
  expect(stderr).not.toContain('measuring');
});
