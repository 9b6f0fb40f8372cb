import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextStep } from './schedule.ts';

const hour = 3_600_000;
const answer = (status: number, retryAfterMs: number | null = null) => ({
  status,
  error: null,
  retryAfterMs,
});
const never = { status: null, error: 'timeout' as const, retryAfterMs: null };
const least = () => 0;
const max = () => 1;

/** The delays of the contract. */
const contract = [
  5_000,
  300_000,
  1_800_000,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

test.each([
  ['no answer', never],
  ['500', answer(500)],
  ['503 without Retry-After', answer(503)],
  ['429 without Retry-After', answer(429)],
  ['a redirect', answer(302)],
  ['404', answer(404)],
  ['500 with a Retry-After that it has no right to', answer(500, 1)],
])('%s is tried ten times, by the schedule, then the delivery is dead', (_, result) => {
  contract.forEach((delayMs, at) => {
    expect(nextStep(at + 1, result, least)).toEqual({ kind: 'retry', inMs: delayMs });
    expect(nextStep(at + 1, result, max)).toEqual({ kind: 'retry', inMs: delayMs * 1.2 });
  });
  expect(nextStep(10, result, least)).toEqual({ kind: 'dead' });
  expect(nextStep(11, result, least)).toEqual({ kind: 'dead' });
  expect(contract.reduce((sum, delayMs) => sum + delayMs) / hour).toBeCloseTo(75.6, 1);
});

test('what ends a delivery ends it whatever the number of the try', () => {
  const blocked = { status: null, error: 'blocked_address' as const, retryAfterMs: null };
  for (let tryNumber = 1; tryNumber <= 10; tryNumber += 1) {
    for (const status of [200, 201, 204, 299]) {
      expect(nextStep(tryNumber, answer(status), least)).toEqual({ kind: 'delivered' });
    }
    expect(nextStep(tryNumber, answer(410, 1_000), least)).toEqual({ kind: 'gone' });
    expect(nextStep(tryNumber, blocked, least)).toEqual({ kind: 'blocked' });
  }
});

test.each([429, 503])('%s with Retry-After is honoured', (status) => {
  const inMs = (tryNumber: number, retryAfterMs: number, random = least) => {
    const step = nextStep(tryNumber, answer(status, retryAfterMs), random);
    return step.kind === 'retry' ? step.inMs : step.kind;
  };
  expect(inMs(1, 7_000)).toBe(7_000);
  expect(inMs(1, 7_000, max)).toBe(8_400);
  expect(inMs(2, 7_000), 'sooner than the schedule').toBe(7_000);
  expect(inMs(1, 2 * hour), 'later than the schedule').toBe(2 * hour);
  expect(inMs(1, 0), 'not at once').toBe(1_000);
  expect(inMs(1, 100 * hour), 'a day at most').toBe(24 * hour);
  expect(inMs(4, 1_000), 'short waits do not use the tries up').toBe(2 * hour);
  expect(inMs(4, 3 * hour)).toBe(3 * hour);
  expect(inMs(10, 1_000)).toBe('dead');
});

test('never earlier than asked, and never later than a fifth more', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(429, 503),
      fc.integer({ min: 0, max: 24 * hour }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (tryNumber, status, askedMs, random) => {
        const step = nextStep(tryNumber, answer(status, askedMs), () => random);
        const inMs = step.kind === 'retry' ? step.inMs : 0;
        const scheduledMs = contract[tryNumber - 1] ?? 0;
        expect(inMs).toBeGreaterThanOrEqual(askedMs);
        expect(inMs).toBeLessThanOrEqual(Math.max(askedMs, scheduledMs) * 1.2 + 1);
      },
    ),
  );
});
