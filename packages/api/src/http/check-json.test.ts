import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonFault, toPointer } from './check-json.ts';

const badTexts = fc.constantFrom('a\0', '\ud800', 'x\udc00y');

test('any JSON of well-formed text is let through', () => {
  const wellFormed = fc.json({ maxDepth: 10 }).map((text) => JSON.parse(text) as unknown);
  fc.assert(
    fc.property(wellFormed, (document) => {
      const text = JSON.stringify(document);
      fc.pre(!text.includes('\\u0000') && !text.includes('\\ud') && !text.includes('__proto__'));
      expect(findJsonFault(document)).toBeNull();
    }),
  );
});

test('bad text is found wherever it is, and the pointer leads to it', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 20 }), badTexts, (path, bad) => {
      fc.pre(path.every((key) => key !== '__proto__' && !key.includes('\0') && key.isWellFormed()));
      const document = path.reduceRight<unknown>((inner, key) => ({ ok: 1, [key]: inner }), bad);
      expect(findJsonFault(document)?.pointer).toBe(toPointer(path));
    }),
  );
});

test('nesting has an end: 64 levels', () => {
  const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
  expect(findJsonFault(nested(64))).toBeNull();
  expect(findJsonFault(nested(65))?.detail).toContain('64 levels');
  expect(findJsonFault(nested(100_000))?.detail).toContain('64 levels');
});

test('pointers escape as RFC 6901 says', () => {
  expect(toPointer(['a/b', 'm~n', 0])).toBe('/a~1b/m~0n/0');
  expect(toPointer([])).toBe('');
});
