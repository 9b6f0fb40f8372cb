import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi';
import { problemSchema } from '../problems/problem.ts';

type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 503;

const problemTexts: Record<ProblemStatus, string> = {
  400: 'The request is malformed or invalid.',
  401: 'The API key is missing or invalid.',
  403: 'Not allowed.',
  404: 'Not found.',
  405: 'The method is not allowed.',
  409: "Not possible in the job's current status.",
  413: 'The body is too large.',
  415: 'The media type or the encoding of the body is not supported.',
  422: 'The Idempotency-Key was used for a different submission.',
  429: 'Too many requests, too many waiting jobs, or too many unfinished jobs of the tenant.',
  500: 'An internal error. It has been logged.',
  503: 'Temporarily unavailable. `Retry-After` says when to try again.',
};

const commonHeaders = {
  'X-Request-Id': z.string().meta({
    description: 'The id that the caller sent, if it is safe to log; otherwise a new one.',
  }),
  'Cache-Control': z.string().optional(),
  'RateLimit-Policy': z
    .string()
    .optional()
    .meta({ description: 'Sent when requests are limited.' }),
  RateLimit: z
    .string()
    .optional()
    .meta({ description: 'The remaining requests, and the seconds until the window ends.' }),
};

/** Headers of a response without a job. */
export const plainHeaders = z.object(commonHeaders);

/** Headers of a response with a job. Those about polling are present only if the job is not finished. */
export const jobHeaders = z.object({
  ...commonHeaders,
  'Retry-After': z
    .string()
    .optional()
    .meta({ description: 'Seconds to wait before the next poll.' }),
  'openai-poll-after-ms': z.string().optional().meta({ description: 'The same in milliseconds.' }),
});

/** Headers of a response to an accepted job. */
export const acceptedHeaders = jobHeaders.extend({
  Location: z.string().meta({ description: 'The URL to poll.' }),
});

/** Headers of a response to a submission that may be a replay. */
export const replayedHeaders = acceptedHeaders.extend({
  'Idempotency-Replayed': z.literal('true').optional().meta({
    description:
      'The key was used before. This is the job or batch of that submission; nothing was added.',
  }),
});

const problemHeaders: Partial<Record<ProblemStatus, z.ZodObject>> = {
  401: plainHeaders.extend({ 'WWW-Authenticate': z.string() }),
  405: plainHeaders.extend({ Allow: z.string() }),
  409: plainHeaders.extend({ 'X-Should-Retry': z.literal('false') }),
  429: plainHeaders.extend({
    'Retry-After': z.string(),
    'RateLimit-Policy': z.string().optional(),
    RateLimit: z.string().optional(),
  }),
  503: plainHeaders.extend({ 'Retry-After': z.string() }),
};

/** The responses of an operation: the successful ones, the given problems, 405 and 500. */
export function openApiResponses(
  good: Record<string, ZodOpenApiResponseObject>,
  problemStatuses: ProblemStatus[],
): ZodOpenApiOperationObject['responses'] {
  const problems = [...problemStatuses, 405 as const, 500 as const].map((status) => [
    String(status),
    {
      description: problemTexts[status],
      headers: problemHeaders[status] ?? plainHeaders,
      content: { 'application/problem+json': { schema: problemSchema } },
    },
  ]);
  return { ...good, ...Object.fromEntries(problems) };
}
