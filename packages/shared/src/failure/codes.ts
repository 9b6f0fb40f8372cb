import { z } from 'zod';

/**
 * Why a job, or one call of it, failed. A closed set: clients decide on these codes.
 * `retryable` says whether the same job may succeed when it is tried again later.
 */
const failures = {
  upstream_invalid_request: {
    retryable: false,
    message: 'The upstream refused the request as invalid. Check model and input.',
  },
  upstream_auth: {
    retryable: false,
    message:
      "The upstream refused the worker's credentials. The operator must check OPENAI_API_KEY.",
  },
  upstream_quota_exhausted: {
    retryable: false,
    message: 'The quota or credit at the upstream is exhausted.',
  },
  upstream_rate_limited: {
    retryable: true,
    message: 'The upstream rate-limited the request.',
  },
  upstream_unavailable: {
    retryable: true,
    message: 'The upstream could not be reached or gave no usable answer.',
  },
  timeout: {
    retryable: true,
    message: 'The upstream did not answer in time.',
  },
  cancelled: {
    retryable: false,
    message: 'The job was cancelled.',
  },
  expired: {
    retryable: false,
    message: 'The job did not start within start_within_seconds.',
  },
  worker_lost: {
    retryable: false,
    message: 'The workers that ran this job crashed too often.',
  },
  internal_error: {
    retryable: true,
    message: 'promptq failed to run this job. See the worker log.',
  },
} as const satisfies Record<string, { retryable: boolean; message: string }>;

export type FailureCode = keyof typeof failures;

export const failureCodeSchema = z.enum(Object.keys(failures) as [FailureCode, ...FailureCode[]]);

/** Whether trying the same job again later may succeed. */
export function isRetryable(code: FailureCode): boolean {
  return failures[code].retryable;
}

/** The text that clients see. Fixed for each code, so nothing of a prompt or a secret can be in it. */
export function publicMessage(code: FailureCode): string {
  return failures[code].message;
}
