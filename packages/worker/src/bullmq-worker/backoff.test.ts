import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryInMs } from './backoff.ts';

test('attempts are 1 s, 2 s, 4 s ... apart, shortened by up to half', () => {
  expect([1, 2, 3, 4].map((made) => retryInMs(made, 0))).toEqual([1_000, 2_000, 4_000, 8_000]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), (made) => {
      const maxMs = 1_000 * 2 ** (made - 1);
      expect(retryInMs(made)).toBeGreaterThanOrEqual(maxMs / 2);
      expect(retryInMs(made)).toBeLessThanOrEqual(maxMs);
    }),
  );
});
