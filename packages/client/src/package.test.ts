import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('.', import.meta.url));
const parser = fileURLToPath(new URL('.', import.meta.resolve('eventsource-parser')));
const imported = /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;

/** The packages that code imports. Relative imports are left out. */
function packagesIn(code: string): (string | undefined)[] {
  const names = [...code.matchAll(imported)].map(([, name]) => name);
  return names.filter((name) => !name?.startsWith('.'));
}

const usesNode = /\b(?:process|Buffer|require)\b\s*[.([]/;

test('the client uses nothing of Node.js, and imports one package', () => {
  const files = globSync('**/*.ts', { cwd: source }).filter((file) => !file.endsWith('.test.ts'));
  expect(files).toContain('index.ts');
  for (const file of files) {
    const code = stripTypeScriptTypes(readFileSync(`${source}${file}`, 'utf8'));
    const allowed = file === 'events/sse-parser.ts' ? ['eventsource-parser'] : [];
    expect(packagesIn(code), file).toEqual(allowed);
    expect(code, file).not.toMatch(usesNode);
  }
});

test('the package that it imports is made of ES modules, and uses nothing of Node.js or of other packages', () => {
  const files = globSync('*.js', { cwd: parser });
  expect(files).toContain('index.js');
  for (const file of files) {
    const code = readFileSync(`${parser}${file}`, 'utf8').replaceAll(/\/\*[^]*?\*\//g, '');
    expect(packagesIn(code), file).toEqual([]);
    expect(code, file).not.toMatch(usesNode);
  }
  const manifest = JSON.parse(readFileSync(`${parser}../package.json`, 'utf8')) as object;
  expect(manifest).toMatchObject({ type: 'module' });
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest).not.toHaveProperty('peerDependencies');
});

test('it has one dependency', () => {
  const manifest = JSON.parse(readFileSync(`${source}../package.json`, 'utf8')) as {
    dependencies: object;
  };
  expect(Object.keys(manifest.dependencies)).toEqual(['eventsource-parser']);
  expect(manifest).not.toHaveProperty('peerDependencies');
});
