import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { expect, inject, onTestFinished, test } from 'vitest';
// Importing the store defines every script that is used.
import { openStore } from '../index.ts';
import { definedScripts } from './script.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = globSync('**/*.lua', { cwd: root });
const isScript = (file: string) => readFileSync(join(root, file), 'utf8').startsWith('--[[');
const scripts = files.filter(isScript);
const includes = files.filter((file) => !isScript(file));

test('every script is defined by the module beside it, and its name is its own', () => {
  expect(openStore).toBeTypeOf('function');
  expect(scripts.length).toBeGreaterThan(20);
  const names = scripts.map((file) => basename(file, '.lua'));
  expect(names.toSorted()).toEqual([...definedScripts().keys()].toSorted());
});

test('every other Lua file is included by a script', () => {
  const included = files.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return Array.from(text.matchAll(/^--- @include (\S+)$/gm), ([, path]) =>
      join(dirname(file), path as string),
    );
  });
  expect([...new Set(included)].toSorted()).toEqual(includes.toSorted());
});

test.each(scripts)('%s has a header that says what it takes, returns and touches', (file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const header = text.slice(0, text.indexOf(']]'));
  for (const part of ['KEYS[', 'Returns', 'Atomic', 'Touches'])
    expect(header, `${file} lacks ${part}`).toContain(part);
});

test('Redis compiles every script', async () => {
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
  for (const [name, lua] of definedScripts()) {
    await expect(redis.script('LOAD', lua), name).resolves.toMatch(/^[0-9a-f]{40}$/);
  }
});
