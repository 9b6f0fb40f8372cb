import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRetryAfter } from './retry-after.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');

test.each([
  ['7', 7_000],
  [' 1.5 ', 1_500],
  ['0', 0],
  ['Thu, 01 Jan 2026 00:00:20 GMT', 20_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['soon', null],
  ['', null],
  [null, null],
])('Retry-After %j is %s ms', (value, expected) => {
  expect(readRetryAfter(value, nowMs)).toBe(expected);
});

test('whatever it says, it is a wait of no less than nothing, or none', () => {
  const text = fc.string({ unit: fc.constantFrom(...Array.from('0123456789.-+eE: GMT')) });
  fc.assert(
    fc.property(text, (value) => {
      expect(readRetryAfter(value, nowMs) ?? 0).toBeGreaterThanOrEqual(0);
    }),
  );
});
