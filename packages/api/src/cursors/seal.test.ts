import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { isCursor, keyBytes, seal, unseal } from './seal.ts';

const key = randomBytes(keyBytes);
const tenant = 'mine';
const position = '1750287018123-17';
const maxPosition = `${'9'.repeat(20)}-${'9'.repeat(20)}`;

test('a sealed position is opened with its key, for its tenant only', () => {
  for (const text of [position, maxPosition, '0-0']) {
    const cursor = seal(key, text, tenant);
    expect(isCursor(cursor)).toBe(true);
    expect(unseal(key, cursor, tenant)).toBe(text);
    expect(unseal(randomBytes(keyBytes), cursor, tenant)).toBeNull();
    expect(unseal(key, cursor, 'theirs')).toBeNull();
  }
});

test('cursors tell nothing: no two are equal, all have one length, none contains the position', () => {
  const cursors = [position, position, maxPosition].map((text) => seal(key, text, tenant));
  expect(new Set(cursors).size).toBe(3);
  expect(new Set(cursors.map(({ length }) => length)).size).toBe(1);
  for (const cursor of cursors) {
    const bytes = Buffer.from(cursor.slice('after_'.length), 'base64url');
    expect(bytes.includes(position.slice(0, 4))).toBe(false);
    expect(bytes.includes(maxPosition.slice(0, 4))).toBe(false);
  }
  expect(() => seal(key, 'x'.repeat(48), tenant)).toThrow(RangeError);
});

test('a cursor with a changed, an added or a missing character is rejected', () => {
  const cursor = seal(key, position, tenant);
  for (let at = 0; at < cursor.length; at += 1) {
    const other = cursor[at] === 'A' ? 'B' : 'A';
    const changed = cursor.slice(0, at) + other + cursor.slice(at + 1);
    expect(unseal(key, changed, tenant), changed).toBeNull();
  }
  const faulty = [
    cursor.slice(0, -1),
    `${cursor}A`,
    `${cursor}=`,
    `${cursor}\n`,
    'after_',
    'after',
  ];
  for (const text of faulty) expect(unseal(key, text, tenant), text).toBeNull();
});
