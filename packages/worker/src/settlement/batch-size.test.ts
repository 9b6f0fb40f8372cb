import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextCount } from './batch-size.ts';
import type { StreamEntry } from './outbox-entry.ts';

const batch = (sizes: number[]) => [
  { entries: sizes.map((size, at): StreamEntry => [`${at}-0`, ['returnvalue', 'x'.repeat(size)]]) },
];

test('small entries are read in ever larger batches, up to 500', () => {
  let count = nextCount(0, []);
  expect(count).toBe(50);
  for (let n = 0; n < 5; n += 1)
    count = nextCount(count, batch(Array.from({ length: count }, () => 100)));
  expect(count).toBe(500);
});

test('large entries shrink the next batch to what fits in memory, down to one', () => {
  expect(nextCount(500, batch([3_000_000, 3_000_000]))).toBe(1);
  fc.assert(
    fc.property(fc.nat(500), fc.array(fc.nat(10_000), { maxLength: 50 }), (count, sizes) => {
      const next = nextCount(count, batch(sizes));
      expect(next).toBeGreaterThanOrEqual(1);
      expect(next).toBeLessThanOrEqual(500);
    }),
  );
});
