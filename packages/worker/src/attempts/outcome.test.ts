import { expect, test } from 'vitest';
import { failureCodeSchema } from '@promptq/shared/failure';
import { BudgetSpentError } from '../backpressure/within-budget.ts';
import { beginAttempt } from './attempt.ts';
import { decide } from './outcome.ts';

const retried = ['upstream_unavailable', 'timeout', 'internal_error'];
const defaultEntries = { cause: null, retryAfterMs: null, isPatient: true };

test.each(failureCodeSchema.options.filter((code) => code !== 'upstream_rate_limited'))(
  '%s is retried exactly when another attempt may help',
  (code) => {
    const failure = { code, upstream: null };
    expect(decide(failure, defaultEntries)).toEqual({
      kind: retried.includes(code) ? 'retry' : 'fail',
      failure,
    });
  },
);

test('the cause of an abort decides, whatever the aborted call threw', () => {
  for (const code of failureCodeSchema.options) {
    const failure = { code, upstream: null };
    expect(decide(failure, { ...defaultEntries, cause: { kind: 'stopping' } })).toEqual({
      kind: 'interrupted',
    });
    expect(decide(failure, { ...defaultEntries, cause: { kind: 'timeout' } })).toEqual({
      kind: 'retry',
      failure: { code: 'timeout', upstream: null },
    });
    expect(decide(failure, { ...defaultEntries, cause: { kind: 'lock lost' } })).toEqual({
      kind: 'lost',
    });
    expect(decide(failure, { ...defaultEntries, cause: { kind: 'cancelled' } })).toEqual({
      kind: 'fail',
      failure: { code: 'cancelled', upstream: null },
    });
  }
});

test('a refusal for the rate costs no attempt while the job is patient, and ends it afterwards', () => {
  const failure = { code: 'upstream_rate_limited', upstream: null } as const;
  expect(decide(failure, { ...defaultEntries, retryAfterMs: 2_000 })).toEqual({
    kind: 'deferred',
    reason: 'rate_limited',
    failure,
    retryAfterMs: 2_000,
  });
  expect(decide(failure, { ...defaultEntries, isPatient: false })).toEqual({
    kind: 'fail',
    failure,
  });
});

test('a call that was not made spends no attempt, unless the job ends', () => {
  const spent = new BudgetSpentError(7_000);
  const deferred = { kind: 'deferred', reason: 'budget', retryAfterMs: 7_000 };
  expect(decide(spent, defaultEntries)).toEqual(deferred);
  expect(decide(spent, { ...defaultEntries, isPatient: false })).toEqual(deferred);
  expect(decide(spent, { ...defaultEntries, cause: { kind: 'timeout' } })).toEqual(deferred);
  expect(decide(spent, { ...defaultEntries, cause: { kind: 'stopping' } })).toEqual({
    kind: 'interrupted',
  });
  expect(decide(spent, { ...defaultEntries, cause: { kind: 'lock lost' } })).toEqual({
    kind: 'lost',
  });
  expect(decide(spent, { ...defaultEntries, cause: { kind: 'cancelled' } })).toMatchObject({
    kind: 'fail',
  });
});

test('an attempt keeps its first cause, and none when it ends in time', () => {
  const attempt = beginAttempt(1_000);
  expect(attempt.cause()).toBeNull();
  attempt.abort({ kind: 'stopping' });
  attempt.abort({ kind: 'timeout' });
  expect(attempt.cause()).toEqual({ kind: 'stopping' });
  expect(attempt.signal.aborted).toBe(true);
  attempt.end();
});
