import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PromptQError } from './promptq-error.ts';
import { retryAfterMs } from './retry-after.ts';
import { retryDelayMs } from './retry-policy.ts';

const first = { repeatable: true, retries: 0, maxRetries: 4 };
const failed = (status: number, more: { retryAfterMs?: number; shouldRetry?: boolean } = {}) =>
  new PromptQError({ code: 'x', detail: 'x', status, ...more });
const noResponse = new PromptQError({ code: 'unreachable', detail: 'x' });

test.each([
  ['no response', noResponse, true, false],
  ['408', failed(408), true, false],
  ['429', failed(429), true, true],
  ['500', failed(500), true, false],
  ['501', failed(501), false, false],
  ['502', failed(502), true, false],
  ['503', failed(503), true, false],
  ['400', failed(400), false, false],
  ['404', failed(404), false, false],
  ['409', failed(409), false, false],
  ['422', failed(422), false, false],
  ['503 with X-Should-Retry: false', failed(503, { shouldRetry: false }), false, false],
  ['429 with X-Should-Retry: false', failed(429, { shouldRetry: false }), false, false],
  ['409 with X-Should-Retry: true', failed(409, { shouldRetry: true }), true, false],
  ['an expired wait', new PromptQError({ code: 'wait_timeout', detail: 'x' }), false, false],
])('%s', (_name, error, whenRepeatable, whenNot) => {
  expect(retryDelayMs(error, first, 0.5) !== null).toBe(whenRepeatable);
  expect(retryDelayMs(error, { ...first, repeatable: false }, 0.5) !== null).toBe(whenNot);
});

test('the delay grows, is bounded, and is null after the last retry', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.double({ min: 0, max: 1, noNaN: true }), (retries, random) => {
      const delayMs = retryDelayMs(noResponse, { ...first, retries, maxRetries: 20 }, random);
      if (retries === 20) {
        expect(delayMs).toBe(null);
        return;
      }
      const maxMs = Math.min(8_000, 500 * 2 ** retries);
      expect(delayMs).toBeLessThanOrEqual(maxMs);
      expect(delayMs).toBeGreaterThanOrEqual(maxMs / 2);
    }),
  );
});

test('the delay is at least Retry-After, and a very long Retry-After is left to the caller', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 60_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (askedMs, random) => {
        expect(
          retryDelayMs(failed(503, { retryAfterMs: askedMs }), first, random),
        ).toBeGreaterThanOrEqual(askedMs);
      },
    ),
  );
  expect(retryDelayMs(failed(429, { retryAfterMs: 60_001 }), first, 0)).toBe(null);
});

test.each([
  ['7', 7_000],
  ['0', 0],
  ['Sat, 21 Nov 2026 00:00:05 GMT', 5_000],
  ['Fri, 20 Nov 2026 00:00:00 GMT', 0],
  ['soon', null],
  ['-1', null],
  ['1.5', null],
  ['', null],
])('Retry-After: %s', (text, ms) => {
  const nowMs = Date.parse('2026-11-21T00:00:00Z');
  expect(retryAfterMs(new Headers({ 'retry-after': text }), nowMs)).toBe(ms);
});
