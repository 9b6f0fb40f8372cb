import { PromptQError } from './promptq-error.ts';
import type { Call } from './call.ts';
import type { Deadline } from './deadline.ts';

/** Decides what a failed call rejects with: the caller's own abort reason, or a PromptQError. */
export function callError(error: unknown, call: Call, deadline: Deadline): unknown {
  if (call.signal?.aborted) return call.signal.reason;
  if (error instanceof PromptQError) return error;
  if (deadline.hasExpired()) {
    return new PromptQError({
      code: 'request_timeout',
      detail: `${call.method} ${call.path} received no response in time.`,
      cause: error,
    });
  }
  return new PromptQError({
    code: 'unreachable',
    detail: `${call.method} ${call.path} received no complete response: ${describeCause(error)}`,
    cause: error,
  });
}

/** The error for a response that did not come from promptq. */
export function unexpectedResponse(response: Response, call: Call): PromptQError {
  return new PromptQError({
    code: 'unexpected_answer',
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    detail: `The response to ${call.method} ${call.path} did not come from promptq. Is baseUrl the address of its API?`,
  });
}

/** The message of the cause (`connect ECONNREFUSED ...`), because `fetch failed` alone does not help. */
function describeCause(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || (cause as { code?: string }).code || cause.name;
}
