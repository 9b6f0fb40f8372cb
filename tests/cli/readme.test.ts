import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { good, textOf } from '../support/analysis-answers.ts';
import { codeBlocks, repository } from '../support/readme-examples.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let folder: string;
beforeAll(async () => {
  stack = await startStack();
  await stack.worker();
  folder = await mkdtemp(join(tmpdir(), 'promptq-readme-'));
  await cp(new URL('examples', repository), join(folder, 'examples'), { recursive: true });
});
afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a block of the README in bash, with the command of this checkout instead of the one that pnpm starts. */
async function run(block: string): Promise<{ stdout: string; stderr: string }> {
  const main = fileURLToPath(new URL('packages/cli/src/main.ts', repository));
  const promptq = `'${process.execPath}' -C @promptq/source '${main}'`;
  const code = block.replaceAll('npx -y pnpm@12 promptq', promptq);
  expect(code).not.toBe(block);
  return promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', code], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', PROMPTQ_URL: stack.api.url },
  });
}

test('the commands in the README run as written', async () => {
  stack.upstream.answerWith((call) => good(call) ?? `you said ${textOf(call)}`);
  const [help = '', example = '', ...others] = await codeBlocks('packages/cli/README.md', 'sh');
  expect(others).toEqual([]);
  expect((await run(help)).stdout).toContain('Usage: promptq');

  const { stdout, stderr } = await run(example);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.slice(0, 2)).toEqual([
    'you said Say hello',
    'you said What is a job queue good for?',
  ]);
  expect(JSON.parse(lines[2] ?? '')).toMatchObject({ type: 'analysis', status: 'completed' });
  expect(stdout).toMatch(/^chat_[0-9a-f]{32} {2}queued$/m);
  expect(stdout).toMatch(/^chat_[0-9a-f]{32} {2}cancelled$/m);
  expect(lines.slice(-5).every((line) => line.includes('job.'))).toBe(true);
  expect(stderr).toContain('1,000/1,000 100%');
  const results = await readFile(join(folder, 'results.jsonl'), 'utf8');
  expect(results.trimEnd().split('\n')).toHaveLength(1_000);
});
