import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundedLabel } from './labels.ts';

test('the first names keep their label, later ones become other', () => {
  const label = boundedLabel(2);
  expect(['a/b', 'c:1', 'd', 'a/b', 'c:1', 'd'].map(label)).toEqual([
    'a/b',
    'c:1',
    'other',
    'a/b',
    'c:1',
    'other',
  ]);
});

test('what is no plain name is other and takes no place', () => {
  const label = boundedLabel(1);
  for (const odd of ['', 'a b', 'x"} 1', 'x\nup 1', '\u001b[31m', 'ä', 'x'.repeat(65)]) {
    expect(label(odd)).toBe('other');
  }
  expect(label('gpt-4o-mini')).toBe('gpt-4o-mini');
});

test('there are never more values than allowed, and other', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (values) => {
      const label = boundedLabel(3);
      expect(new Set(values.map(label)).size).toBeLessThanOrEqual(4);
    }),
  );
});
