import { globSync, readFileSync, statSync } from 'node:fs';
import { findWords, parseWords, type Found } from './find-words.ts';

/** `pnpm lint:words [paths]`: prints each word of words.txt that is in use, with its place and its replacement. */
const checkedPaths = [
  'packages',
  'scripts',
  'tests',
  'bench',
  'examples',
  'docs',
  'deploy',
  'README.md',
  'Dockerfile',
  'docker-compose.yml',
  '.oxlintrc.json',
  'pnpm-workspace.yaml',
  'vitest.config.ts',
];
/** The list itself and its test name the words. */
const listFiles = /(?:^|\/)scripts\/lint\/(?:words\.txt|find-words\.test\.ts)$/;
const ignored = ['**/node_modules/**', '**/dist/**', '**/.data/**', '**/*.tsbuildinfo'];

const words = parseWords(readFileSync(new URL('words.txt', import.meta.url), 'utf8'));
const given = process.argv.slice(2).filter((argument) => argument !== '--');
const found = filesOf(given.length > 0 ? given : checkedPaths).flatMap((path) =>
  findWords(path, readFileSync(path, 'utf8'), words),
);
for (const one of found) process.stdout.write(`${describe(one)}\n`);
if (found.length > 0) {
  process.stdout.write(`\n${found.length} words of scripts/lint/words.txt are in use.\n`);
  process.exitCode = 1;
}

function filesOf(paths: string[]): string[] {
  return paths
    .flatMap((path) =>
      statSync(path).isDirectory() ? globSync(`${path}/**/*`, { exclude: ignored }) : [path],
    )
    .filter((path) => statSync(path).isFile() && !listFiles.test(path))
    .toSorted();
}

function describe({ path, line, text, replacement }: Found): string {
  const where = line === null ? `${path} (name)` : `${path}:${line}`;
  return `${where}: "${text}" -> ${replacement}`;
}
