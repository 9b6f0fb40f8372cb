/** One faulty member of a request: a JSON Pointer (RFC 6901) and what is wrong with it. */
export interface Fault {
  pointer: string;
  detail: string;
}

interface ErrorParts {
  code: string;
  detail: string;
  status?: number | null;
  requestId?: string | null;
  errors?: Fault[];
  retryAfterMs?: number | null;
  shouldRetry?: boolean | null;
  cause?: unknown;
}

/**
 * The one error of this client. `code` is the API's stable code (`invalid_request`, `not_found`, ...) or one of
 * the client's own, which have no `status`:
 * - `unreachable`: no answer, or one that broke off;
 * - `request_timeout`: no answer in time;
 * - `wait_timeout`: `wait` was over before the job or the batch had ended;
 * - `unexpected_answer`: what answered is not promptq (this one can have a status);
 * - `invalid_webhook`: not signed with this secret, too old, or no event.
 *
 * When a call is ended by its own `signal`, it rejects with the signal's reason, not with this error.
 */
export class PromptQError extends Error {
  override readonly name = 'PromptQError';
  readonly code: string;
  /** The HTTP status, or `null` when there was no answer. */
  readonly status: number | null;
  /** What happened, for people. */
  readonly detail: string;
  /** The answer's `X-Request-Id`: it is also in the API's log. */
  readonly requestId: string | null;
  /** The faulty members of an invalid request. */
  readonly errors: Fault[];
  /** How long the API asked to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** What the API said in `X-Should-Retry`, if it did. */
  readonly shouldRetry: boolean | null;

  constructor(parts: ErrorParts) {
    const { code, detail, status = null } = parts;
    super(`${status === null ? '' : `${status} `}${code}: ${detail}`, { cause: parts.cause });
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.requestId = parts.requestId ?? null;
    this.errors = parts.errors ?? [];
    this.retryAfterMs = parts.retryAfterMs ?? null;
    this.shouldRetry = parts.shouldRetry ?? null;
  }
}
