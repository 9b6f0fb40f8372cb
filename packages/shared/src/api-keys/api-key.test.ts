import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashOfApiKey, idOfApiKey, newApiKey, readKeyEntries, writeKeyEntry } from './index.ts';

test('a new key has its id in it, and every one is another', () => {
  const made = Array.from({ length: 1_000 }, newApiKey);
  for (const { id, key } of made) {
    expect(key).toMatch(/^pq_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    expect(idOfApiKey(key)).toBe(id);
  }
  expect(new Set(made.map(({ key }) => key)).size).toBe(1_000);
  expect(new Set(made.map(({ id }) => id)).size).toBe(1_000);
});

test('a key with one character changed, removed or added is invalid', () => {
  const { key } = newApiKey();
  fc.assert(
    fc.property(fc.nat(key.length - 1), fc.string({ maxLength: 1 }), (at, put) => {
      const changed = key.slice(0, at) + put + key.slice(at + 1);
      expect(changed === key || idOfApiKey(changed) === null).toBe(true);
      expect(idOfApiKey(key + (put || 'x'))).toBeNull();
    }),
  );
});

test('entries are read as they were written, with comments and line breaks', () => {
  const entries = (['jobs', 'audit', 'admin'] as const).map((scope) => {
    const { id, key } = newApiKey();
    return { id, tenant: 'acme', scopes: ['jobs' as const, scope], hash: hashOfApiKey(key) };
  });
  const [a = '', b = '', c = ''] = entries.map(writeKeyEntry);
  const read = readKeyEntries(`# keys of acme\n${a},${b}\r\n\n  ${c} # until May\n`);
  expect(read.map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
  expect(read[0]?.scopes).toEqual(['jobs']);
  expect(read[2]).toEqual(entries[2]);
});

test.each([
  ['nonsense', /entry 1 must be/],
  ['abcdefghijkl:acme:jobs:1234', /entry 1 must be/],
  [`abcdefghijkl:a b:jobs:${'0'.repeat(64)}`, /entry 1: the tenant/],
  [`abcdefghijkl:acme:jobs+root:${'0'.repeat(64)}`, /entry 1: the scopes/],
  [`abcdefghijkl:acme::${'0'.repeat(64)}`, /entry 1: the scopes/],
  [`abcdefghijkl:a:jobs:${'0'.repeat(64)},abcdefghijkl:b:jobs:${'1'.repeat(64)}`, /same id/],
])('%s is refused without being quoted', (text, message) => {
  expect(() => readKeyEntries(text)).toThrow(message);
  try {
    readKeyEntries(text);
  } catch (error) {
    expect(String(error)).not.toContain(text.slice(-20));
  }
});
