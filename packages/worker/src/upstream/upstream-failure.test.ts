import { APIConnectionError, APIError } from 'openai';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FailureError, failureOf } from './upstream-failure.ts';

const apiError = (status: number, error: object = {}) =>
  APIError.generate(status, { error }, undefined, new Headers({ 'x-request-id': 'req_1' }));

test.each([
  ...[400, 404, 413, 415, 422].map((status) => [status, undefined, 'upstream_invalid_request']),
  ...[401, 403].map((status) => [status, undefined, 'upstream_auth']),
  [402, undefined, 'upstream_quota_exhausted'],
  [429, 'insufficient_quota', 'upstream_quota_exhausted'],
  [429, 'billing_hard_limit_reached', 'upstream_quota_exhausted'],
  [429, 'rate_limit_exceeded', 'upstream_rate_limited'],
  [429, undefined, 'upstream_rate_limited'],
  ...[408, 409, 500, 502, 503, 504, 529].map((status) => [
    status,
    undefined,
    'upstream_unavailable',
  ]),
])('status %s with code %s is %s', (status, code, expected) => {
  expect(failureOf(apiError(status as number, { code, message: 'm' }))).toEqual({
    code: expected,
    upstream: { status, code: code ?? null, request_id: 'req_1' },
  });
});

test('a lost connection is upstream_unavailable, a fault of ours internal_error', () => {
  expect(failureOf(new APIConnectionError({ cause: new Error('ECONNRESET') })).code).toBe(
    'upstream_unavailable',
  );
  expect(failureOf(new SyntaxError('not JSON')).code).toBe('upstream_unavailable');
  expect(failureOf(new TypeError('x is not a function')).code).toBe('internal_error');
  const failure = { code: 'timeout', upstream: null } as const;
  expect(failureOf(new FailureError(failure))).toBe(failure);
});

test('anything thrown has a code, and no text of it goes on', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string(), (thrown, text) => {
      expect(failureOf(thrown)).toEqual({ code: 'internal_error', upstream: null });
      const { upstream } = failureOf(
        apiError(400, { code: `${text} and a prompt`, message: text }),
      );
      expect(upstream?.code).toBeNull();
    }),
  );
});
