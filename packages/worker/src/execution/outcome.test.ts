import { expect, test } from 'vitest';
import { failureCodeSchema } from '@promptq/shared/failure';
import { beginAttempt } from './attempt.ts';
import { decide } from './outcome.ts';

const retried = ['upstream_rate_limited', 'upstream_unavailable', 'timeout', 'internal_error'];

test.each(failureCodeSchema.options)(
  '%s is retried exactly when another attempt may help',
  (code) => {
    const failure = { code, upstream: null };
    expect(decide(failure, null)).toEqual({
      kind: retried.includes(code) ? 'retry' : 'fail',
      failure,
    });
  },
);

test('the cause of an abort decides, whatever the aborted call threw', () => {
  for (const code of failureCodeSchema.options) {
    const failure = { code, upstream: null };
    expect(decide(failure, { kind: 'stopping' })).toEqual({ kind: 'interrupted' });
    expect(decide(failure, { kind: 'timeout' })).toEqual({
      kind: 'retry',
      failure: { code: 'timeout', upstream: null },
    });
  }
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
