import { expect, test } from 'vitest';
import { msUntilOverdue } from './until-overdue.ts';

test('a job that has not started is read again a little after its time to start is over', () => {
  expect(msUntilOverdue({ startedAtMs: null, startByMs: 5_000 }, 1_000)).toBeGreaterThan(4_000);
  expect(msUntilOverdue({ startedAtMs: null, startByMs: 5_000 }, 1_000)).toBeLessThan(5_000);
});

test('when our clock is ahead of the one of Redis, reads are at least 200 ms apart', () => {
  expect(msUntilOverdue({ startedAtMs: null, startByMs: 5_000 }, 60_000)).toBe(200);
  expect(msUntilOverdue({ startedAtMs: null, startByMs: 5_000 }, 4_999)).toBe(200);
});

test('a job that has started does not expire', () => {
  expect(msUntilOverdue({ startedAtMs: 1, startByMs: 5_000 }, 60_000)).toBe(Infinity);
});
