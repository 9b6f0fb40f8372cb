import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PromptQError } from '../promptq-error.ts';
import { retryAfterMs } from './retry-after.ts';
import { retryDelayMs } from './retry-policy.ts';

const first = { repeatable: true, retries: 0, maxRetries: 4 };
const answered = (status: number, more: { retryAfterMs?: number; shouldRetry?: boolean } = {}) =>
  new PromptQError({ code: 'x', detail: 'x', status, ...more });
const unanswered = new PromptQError({ code: 'unreachable', detail: 'x' });

test.each([
  ['no answer', unanswered, true, false],
  ['408', answered(408), true, false],
  ['429', answered(429), true, true],
  ['500', answered(500), true, false],
  ['501', answered(501), false, false],
  ['502', answered(502), true, false],
  ['503', answered(503), true, false],
  ['400', answered(400), false, false],
  ['404', answered(404), false, false],
  ['409', answered(409), false, false],
  ['422', answered(422), false, false],
  ['503 that says no', answered(503, { shouldRetry: false }), false, false],
  ['429 that says no', answered(429, { shouldRetry: false }), false, false],
  ['409 that says yes', answered(409, { shouldRetry: true }), true, false],
  ['an aborted wait', new PromptQError({ code: 'wait_timeout', detail: 'x' }), false, false],
])('%s', (_name, error, whenRepeatable, otherwise) => {
  expect(retryDelayMs(error, first, 0.5) !== null).toBe(whenRepeatable);
  expect(retryDelayMs(error, { ...first, repeatable: false }, 0.5) !== null).toBe(otherwise);
});

test('the delay grows, has its bounds, and ends with the tries', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.double({ min: 0, max: 1, noNaN: true }), (retries, random) => {
      const delayMs = retryDelayMs(unanswered, { ...first, retries, maxRetries: 20 }, random);
      if (retries === 20) {
        expect(delayMs).toBe(null);
        return;
      }
      const mostMs = Math.min(8_000, 500 * 2 ** retries);
      expect(delayMs).toBeLessThanOrEqual(mostMs);
      expect(delayMs).toBeGreaterThanOrEqual(mostMs / 2);
    }),
  );
});

test('it is never sooner than Retry-After says, and a very long one is left to the caller', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 60_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (toldMs, random) => {
        expect(
          retryDelayMs(answered(503, { retryAfterMs: toldMs }), first, random),
        ).toBeGreaterThanOrEqual(toldMs);
      },
    ),
  );
  expect(retryDelayMs(answered(429, { retryAfterMs: 60_001 }), first, 0)).toBe(null);
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
