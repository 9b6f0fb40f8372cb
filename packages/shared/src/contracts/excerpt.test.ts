import fc from 'fast-check';
import { expect, test } from 'vitest';
import { excerpt } from './index.ts';

test('an excerpt is a beginning of the text, at most so long, and splits no character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), fc.nat(40), (text, length) => {
      const short = excerpt(text, length);
      expect(text.startsWith(short)).toBe(true);
      expect(short.isWellFormed()).toBe(true);
      expect(Array.from(short).length).toBe(Math.min(length, Array.from(text).length));
    }),
  );
});
