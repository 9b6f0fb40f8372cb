import { z } from 'zod';

/**
 * Why a job, or one of its calls, failed. Clients depend on these codes, so the set is closed.
 * `retryable` says whether the same job may succeed if it is tried again later.
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
    message: 'Workers crashed too often while they ran this job.',
  },
  internal_error: {
    retryable: true,
    message: 'promptq failed to run this job. See the worker log.',
  },
} as const satisfies Record<string, { retryable: boolean; message: string }>;

export type FailureCode = keyof typeof failures;

export const failureCodeSchema = z.enum(Object.keys(failures) as [FailureCode, ...FailureCode[]]);

/** Whether the same job may succeed if it is tried again later. */
export function isRetryable(code: FailureCode): boolean {
  return failures[code].retryable;
}

/** The text that clients see. It is fixed for each code, so it cannot contain a prompt or a secret. */
export function publicMessage(code: FailureCode): string {
  return failures[code].message;
}
