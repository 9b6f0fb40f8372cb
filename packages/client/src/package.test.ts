import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { expect, test } from 'vitest';

const room = new URL('.', import.meta.url).pathname;
const imported = /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;

test('without its types the client imports nothing but its own files, so it runs wherever fetch is', () => {
  const files = globSync('**/*.ts', { cwd: room }).filter((file) => !file.endsWith('.test.ts'));
  expect(files).toContain('index.ts');
  for (const file of files) {
    const code = stripTypeScriptTypes(readFileSync(`${room}${file}`, 'utf8'));
    const names = [...code.matchAll(imported)].map(([, name]) => name);
    expect(
      names.filter((name) => !name?.startsWith('.')),
      file,
    ).toEqual([]);
    expect(code, file).not.toMatch(/\b(?:process|Buffer|require)\b\s*[.([]/);
  }
});

test('it has no dependencies', () => {
  const manifest = JSON.parse(readFileSync(`${room}../package.json`, 'utf8')) as object;
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest).not.toHaveProperty('peerDependencies');
});
