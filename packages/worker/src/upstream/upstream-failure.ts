import { APIError } from 'openai';
import type { Failure, FailureCode, UpstreamAnswer } from '@promptq/shared/failure';

/** A call or a job failed with a code. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.code, { cause });
    this.failure = failure;
  }
}

/**
 * A 429 can also mean that the account has no quota or credit left. Waiting does not help then. The codes are from
 * OpenAI's guide "Error codes" and its billing errors.
 */
const billingCodes = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
]);

/** The first step from an error to an outcome: what the upstream did. Any other error is internal. */
export function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  if (error instanceof APIError) {
    return { code: codeOf(error), upstream: error.status === undefined ? null : answerOf(error) };
  }
  // The SDK throws this when an answer with a JSON content type is not JSON.
  if (error instanceof SyntaxError) return { code: 'upstream_unavailable', upstream: null };
  return { code: 'internal_error', upstream: null };
}

function codeOf(error: APIError): FailureCode {
  const { status } = error;
  if (status === undefined) return 'upstream_unavailable';
  if (status === 401 || status === 403) return 'upstream_auth';
  if (status === 402) return 'upstream_quota_exhausted';
  if (status === 429) {
    const isBilling = billingCodes.has(error.code ?? '') || billingCodes.has(error.type ?? '');
    return isBilling ? 'upstream_quota_exhausted' : 'upstream_rate_limited';
  }
  if (status === 408 || status === 409) return 'upstream_unavailable';
  // A redirect is not followed: the base URL is wrong.
  if (status >= 300 && status < 500) return 'upstream_invalid_request';
  return 'upstream_unavailable';
}

function answerOf(error: APIError): UpstreamAnswer {
  return {
    status: error.status ?? null,
    code: identifier(error.code),
    request_id: identifier(error.requestID),
  };
}

/** An identifier may be shown; free text from the upstream, which could quote a prompt, may not. */
function identifier(value: unknown): string | null {
  return typeof value === 'string' && /^[\w.:-]{1,128}$/.test(value) ? value : null;
}
