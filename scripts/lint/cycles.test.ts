import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const depcruise = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const config = resolve('scripts/lint/cycles.config.mjs');
const exports = { './*': { '@promptq/source': './src/*/index.ts', default: './dist/*/index.js' } };

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'promptq-cycles-'));
  await mkdir(join(root, 'node_modules/@promptq'), { recursive: true });
  for (const name of ['one', 'two']) {
    await write(
      `packages/${name}/package.json`,
      JSON.stringify({ name: `@promptq/${name}`, type: 'module', exports }),
    );
    await symlink(`../../packages/${name}`, join(root, 'node_modules/@promptq', name));
  }
});

afterEach(() => rm(root, { recursive: true, force: true }));

test('files that do not import each other pass', async () => {
  await write('packages/one/src/jobs/index.ts', `import type { B } from '@promptq/two/jobs';`);
  await write('packages/two/src/jobs/index.ts', 'export interface B { id: string }');
  expect(check()).toMatchObject({ status: 0 });
});

test('a cycle of type-only imports is an error that names its path', async () => {
  await write(
    'packages/one/src/jobs/a.ts',
    `import type { B } from './b.ts'; export type A = B | 1;`,
  );
  await write('packages/one/src/jobs/b.ts', `export interface B { a: import('./a.ts').A }`);
  const { status, stdout } = check();
  expect(status).toBe(1);
  expect(stdout).toMatch(
    /error no-file-cycle: packages\/one\/src\/jobs\/(?:a|b)\.ts → *\n *packages\/one\/src\/jobs\/(?:a|b)\.ts/,
  );
});

test('a cycle through workspace packages is found in their sources', async () => {
  await write(
    'packages/one/src/jobs/index.ts',
    `import type { B } from '@promptq/two/jobs'; export type A = B | 1;`,
  );
  await write(
    'packages/two/src/jobs/index.ts',
    `import type { A } from '@promptq/one/jobs'; export type B = A[];`,
  );
  const { status, stdout } = check();
  expect(status).toBe(1);
  expect(stdout).toMatch(/no-file-cycle: packages\/(?:one|two)\/src\/jobs\/index\.ts/);
});

test('two folders that import each other are an error, though no two files do', async () => {
  await write('packages/one/src/jobs/a.ts', `import type { B } from '../limits/b.ts';`);
  await write('packages/one/src/jobs/c.ts', 'export interface C { id: string }');
  await write('packages/one/src/limits/b.ts', 'export interface B { id: string }');
  await write('packages/one/src/limits/d.ts', `import type { C } from '../jobs/c.ts';`);
  const { status, stdout } = check();
  expect(status).toBe(1);
  expect(stdout).toMatch(/no-folder-cycle: packages\/one\/src\/(?:jobs|limits) →/);
  expect(stdout).not.toContain('no-file-cycle');
});

test('an import that does not resolve is an error', async () => {
  await write('packages/one/src/jobs/index.ts', `import type { B } from '@promptq/two/missing';`);
  expect(check().stdout).toContain('no-unresolvable');
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

function check(): { status: number | null; stdout: string } {
  const args = [depcruise, '--config', config, 'packages'];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { status: status === 0 ? 0 : 1, stdout };
}
