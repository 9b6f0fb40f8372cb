import { APIError } from 'openai';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { askedPauseMs } from './asked-pause.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const refusal = (headers: Record<string, string>) =>
  APIError.generate(429, { error: {} }, undefined, new Headers(headers));

test.each([
  [{ 'retry-after': '7' }, 7_000],
  [{ 'retry-after': '1.5' }, 1_500],
  [{ 'retry-after-ms': '700' }, 700],
  [{ 'retry-after-ms': '700', 'retry-after': '1' }, 700],
  [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:20 GMT' }, 20_000],
  [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 250],
  [{ 'retry-after': '0' }, 250],
  [{ 'retry-after': '86400' }, 300_000],
  [{ 'retry-after': 'soon' }, null],
  [{}, null],
])('%j is a pause of %s ms', (headers, expected) => {
  expect(askedPauseMs(refusal(headers as Record<string, string>), nowMs)).toBe(expected);
});

test('whatever the header says, the pause is between a quarter of a second and five minutes, or not told', () => {
  const text = fc.string({ unit: fc.constantFrom(...Array.from('0123456789.-+eE: GMT')) });
  fc.assert(
    fc.property(text, (value) => {
      const pause = askedPauseMs(refusal({ 'retry-after': value }), nowMs);
      if (pause !== null) {
        expect(pause).toBeGreaterThanOrEqual(250);
        expect(pause).toBeLessThanOrEqual(300_000);
      }
    }),
  );
  expect(askedPauseMs(new Error('not an answer'), nowMs)).toBeNull();
});
