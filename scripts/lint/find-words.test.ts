import { expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { findWords, parseWords } from './find-words.ts';

const words = parseWords(readFileSync('scripts/lint/words.txt', 'utf8'));

test.each([
  ['const mostTries = 3;', 'mostTries'],
  ['interface AddNeeds { id: string }', 'AddNeeds'],
  ['function add(needs: Deps) {}', 'needs'],
  ['const room = await besides(report());', 'besides'],
  ['// A job that is told of twice', 'told of'],
  ['// Calls `mayMend` first.', 'mayMend'],
  [`log.info({ event: 'cancel_told' });`, 'cancel_told'],
  ['const x = `${keys.feed}:1`;', 'feed'],
  ['function ofClass(name: string) {}', 'ofClass'],
  [`throw new Error('an answer that is none')`, 'is none'],
])('%s', (text, word) => {
  expect(textsIn('packages/api/src/x.ts', text)).toContain(word);
});

test.each([
  '// A worker needs Redis. Needs are met; most jobs are, and the longest wait at most.',
  '// See the live page and the place where it is; a worker that is told to stop; there is none.',
  'const offset = Array.of(1).at(0); // an often used office',
  'const maxTries = atMost(3); dns.lookup(host); const looksFine = true;',
  'const later = await Promise.allSettled(jobs); const returned = onReturn();',
  'const { tries, next_try_at } = delivery; if (queue_full) return;',
])('leaves alone: %s', (text) => {
  expect(textsIn('packages/api/src/x.ts', text)).toEqual([]);
});

test('a phrase is found across the lines of a comment, at the line where it begins', () => {
  const found = findWords('docs/x.md', '# A\n\nA receiver is\ntold of the end.', words);
  expect(found).toContainEqual(expect.objectContaining({ line: 3, text: 'is told' }));
  expect(textsIn('packages/x.ts', '/**\n * A key has\n * not the scope.\n */')).toEqual([
    'has * not the',
  ]);
});

test('names of files and folders count, as camelCase', () => {
  expect(findWords('packages/worker/src/execution/tend-worker.test.ts', '', words)).toEqual([
    expect.objectContaining({ line: null, text: 'tend-worker' }),
  ]);
});

test('in Lua, names count in code, not in comments', () => {
  expect(textsIn('add.lua', '-- the live queue\nlocal live = ARGV[1]')).toEqual(['live']);
});

test('scripts stand in files of their own', () => {
  const call = `const script = "return ${['redis', 'call'].join('.')}('GET', KEYS[1])";`;
  expect(textsIn('packages/store/src/jobs/add.ts', call)).toHaveLength(1);
  expect(textsIn('packages/store/src/jobs/add.lua', call)).toEqual([]);
});

test('a line of the list that cannot be read is an error with its number', () => {
  expect(() => parseWords('[phrases]\nno arrow')).toThrow('words.txt:2');
  expect(() => parseWords('a -> b')).toThrow('words.txt:1');
});

function textsIn(path: string, text: string): string[] {
  return findWords(path, text, words).map((one) => one.text);
}
