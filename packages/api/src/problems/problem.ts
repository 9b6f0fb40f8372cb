import type { Response } from 'express';
import { z } from 'zod';

/** All problems of the API. The stable code determines status and title (RFC 9457). */
const problems = {
  malformed_json: { status: 400, title: 'Malformed JSON' },
  invalid_request: { status: 400, title: 'Invalid request' },
  webhook_forbidden: { status: 403, title: 'Webhook host not allowed' },
  unauthorized: { status: 401, title: 'Unauthorized' },
  scope_missing: { status: 403, title: 'Scope missing' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  job_not_retryable: { status: 409, title: 'Job not retryable' },
  body_too_large: { status: 413, title: 'Body too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  idempotency_key_reused: { status: 422, title: 'Idempotency key reused' },
  rate_limited: { status: 429, title: 'Rate limited' },
  queue_full: { status: 429, title: 'Queue full' },
  internal_error: { status: 500, title: 'Internal error' },
  redis_unavailable: { status: 503, title: 'Redis unavailable' },
  shutting_down: { status: 503, title: 'Shutting down' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;
export const problemCodes = Object.keys(problems) as [ProblemCode, ...ProblemCode[]];

const faultSchema = z.object({
  pointer: z.string().meta({ description: 'JSON Pointer (RFC 6901) to the faulty member.' }),
  detail: z.string(),
});
export type Fault = z.infer<typeof faultSchema>;

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(problemCodes),
    request_id: z.string(),
    errors: z.array(faultSchema),
    error: z
      .object({
        type: z.string(),
        code: z.string(),
        message: z.string(),
        param: z.string().nullable(),
      })
      .meta({ description: 'The same error in the format of the OpenAI API, for OpenAI SDKs.' }),
  })
  .meta({ id: 'Problem' });

/** An error with a public response. The client reads `detail`; `cause` is for the log. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly faults: Fault[];
  readonly headers: Record<string, string>;

  constructor(
    code: ProblemCode,
    detail: string,
    more: { faults?: Fault[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.faults = more.faults ?? [];
    this.headers = more.headers ?? {};
  }

  get status(): number {
    return problems[this.code].status;
  }
}

export function malformed(cause?: unknown): Problem {
  return new Problem('malformed_json', 'The body is not valid JSON.', { cause });
}

export function tooLarge(limitBytes: number, cause?: unknown): Problem {
  const mebibytes = Math.floor(limitBytes / 1024 / 1024);
  return new Problem('body_too_large', `The body is larger than ${mebibytes} MiB.`, { cause });
}

/** Builds the problem document of the contract. */
export function problemDocument(
  problem: Problem,
  requestId: string,
): z.infer<typeof problemSchema> {
  const { status, title } = problems[problem.code];
  const pointer = problem.faults[0]?.pointer;
  return {
    type: `urn:promptq:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    request_id: requestId,
    errors: problem.faults,
    error: {
      type: status < 500 ? 'invalid_request_error' : 'server_error',
      code: problem.code,
      message: problem.message,
      param: pointer ? toParam(pointer) : null,
    },
  };
}

/** The id of the request that this response answers. */
export function requestIdOf(res: Response): string {
  return String(res.getHeader('X-Request-Id') ?? '');
}

/** Responds with a problem document. */
export function sendProblem(res: Response, problem: Problem): void {
  const document = problemDocument(problem, requestIdOf(res));
  res
    .status(problem.status)
    .set({ 'Cache-Control': 'no-store', ...problem.headers })
    .type('application/problem+json')
    .send(JSON.stringify(document));
}

/** `/input/texts/3` becomes `input.texts.3`, the format of OpenAI's `param`. */
function toParam(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');
}
