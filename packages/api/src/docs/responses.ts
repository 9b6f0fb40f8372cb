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
  429: 'Too many requests, waiting jobs, or unfinished jobs of the tenant.',
  500: 'An internal error. It has been logged.',
  503: 'Temporarily unavailable. `Retry-After` says when to try again.',
};

const commonHeaders = {
  'X-Request-Id': z
    .string()
    .meta({ description: 'The id that the caller sent if it is safe to log, else a new one.' }),
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

/** Headers of an answer without a job. */
export const plainHeaders = z.object(commonHeaders);

/** Headers of a job; those about polling only when it is not finished. */
export const jobHeaders = z.object({
  ...commonHeaders,
  'Retry-After': z
    .string()
    .optional()
    .meta({ description: 'Seconds to wait before the next poll.' }),
  'openai-poll-after-ms': z.string().optional().meta({ description: 'The same in milliseconds.' }),
});

/** Headers of a job that was just accepted. */
export const acceptedHeaders = jobHeaders.extend({
  Location: z.string().meta({ description: 'Where to poll.' }),
});

/** The same, of a submission that may have been made before. */
export const replayedHeaders = acceptedHeaders.extend({
  'Idempotency-Replayed': z.literal('true').optional().meta({
    description: 'Nothing was added: the key was used before, and this is its job or batch.',
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

/** The answers of an operation: the good ones, the named problems, and a fault of ours. */
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
