import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { isCursor, keyBytes, seal, unseal } from './seal.ts';

const key = randomBytes(keyBytes);
const scope = { list: 'audit', tenant: 'mine' } as const;
const position = '1750287018123-17';
const longest = `analysis_${'f'.repeat(32)}`;

test('what was sealed is opened with its key, for its list and tenant only', () => {
  for (const text of [position, longest, '0-0']) {
    const cursor = seal(key, text, scope);
    expect(isCursor(cursor)).toBe(true);
    expect(unseal(key, cursor, scope)).toBe(text);
    expect(unseal(randomBytes(keyBytes), cursor, scope)).toBeNull();
    expect(unseal(key, cursor, { ...scope, tenant: 'theirs' })).toBeNull();
    expect(unseal(key, cursor, { ...scope, list: 'jobs' })).toBeNull();
  }
});

test('cursors tell nothing: no two are alike, all are of one length, none holds the position', () => {
  const cursors = [position, position, longest].map((text) => seal(key, text, scope));
  expect(new Set(cursors).size).toBe(3);
  expect(new Set(cursors.map(({ length }) => length)).size).toBe(1);
  for (const cursor of cursors) {
    const bytes = Buffer.from(cursor.slice('after_'.length), 'base64url');
    expect(bytes.includes(position.slice(0, 4))).toBe(false);
    expect(bytes.includes(longest.slice(0, 4))).toBe(false);
  }
  expect(() => seal(key, 'x'.repeat(48), scope)).toThrow(RangeError);
});

test('a cursor with any character changed, added or missing is none', () => {
  const cursor = seal(key, position, scope);
  for (let at = 0; at < cursor.length; at += 1) {
    const other = cursor[at] === 'A' ? 'B' : 'A';
    const changed = cursor.slice(0, at) + other + cursor.slice(at + 1);
    expect(unseal(key, changed, scope), changed).toBeNull();
  }
  const faulty = [
    cursor.slice(0, -1),
    `${cursor}A`,
    `${cursor}=`,
    `${cursor}\n`,
    'after_',
    'after',
  ];
  for (const text of faulty) expect(unseal(key, text, scope), text).toBeNull();
});
