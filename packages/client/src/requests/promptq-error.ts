/** An invalid member of a request: its JSON Pointer (RFC 6901) and the problem. */
export interface Fault {
  pointer: string;
  detail: string;
}

interface ErrorFields {
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
 * The error of every failed call. `code` is a stable code of the API (`invalid_request`, `not_found`, ...) or one of the
 * client's own, which have no `status`:
 * - `unreachable`: there was no response, or the connection broke;
 * - `request_timeout`: there was no response in time;
 * - `wait_timeout`: the time limit of `wait` passed before the job or the batch finished;
 * - `unexpected_answer`: the response did not come from promptq (this one can have a status);
 * - `invalid_webhook`: the webhook is not signed with this secret, is too old, or is not an event of promptq.
 *
 * A call that its own `signal` aborts rejects with the signal's reason instead.
 */
export class PromptQError extends Error {
  override readonly name = 'PromptQError';
  readonly code: string;
  /** The HTTP status, or `null` if there was no response. */
  readonly status: number | null;
  /** A description for people. */
  readonly detail: string;
  /** The `X-Request-Id` of the response. The API's log contains it too. */
  readonly requestId: string | null;
  /** The invalid members of the request. */
  readonly errors: Fault[];
  /** The `Retry-After` of the response, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** The `X-Should-Retry` of the response. */
  readonly shouldRetry: boolean | null;

  constructor(fields: ErrorFields) {
    const { code, detail, status = null } = fields;
    super(`${status === null ? '' : `${status} `}${code}: ${detail}`, { cause: fields.cause });
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.requestId = fields.requestId ?? null;
    this.errors = fields.errors ?? [];
    this.retryAfterMs = fields.retryAfterMs ?? null;
    this.shouldRetry = fields.shouldRetry ?? null;
  }
}
