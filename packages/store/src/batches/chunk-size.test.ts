import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextChunk } from './chunk-size.ts';

test('small entries are read in ever larger chunks, large ones one by one', () => {
  let count = 10;
  for (let n = 0; n < 5; n += 1)
    count = nextChunk(
      count,
      Array.from({ length: count }, () => 500),
      100,
    );
  expect(count).toBe(100);
  expect(nextChunk(100, [3_000_000, 3_000_000], 100)).toBe(1);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.array(fc.nat(2_000_000)), (size, read) => {
      const next = nextChunk(size, read, 100);
      expect(next).toBeGreaterThanOrEqual(1);
      expect(next).toBeLessThanOrEqual(100);
    }),
  );
});
