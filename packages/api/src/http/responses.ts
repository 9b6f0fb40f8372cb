import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi';
import { problemSchema } from './problem.ts';

type ProblemStatus = 400 | 404 | 405 | 409 | 413 | 415 | 500 | 503;

const problemTexts: Record<ProblemStatus, string> = {
  400: 'Malformed or invalid.',
  404: 'Not there.',
  405: 'Not possible with this method.',
  409: 'Not possible in the state that the job is in.',
  413: 'The body is too large.',
  415: 'The body is of another media type or encoding than expected.',
  500: 'A fault of ours; it has been logged.',
  503: 'Not possible now; `Retry-After` says when to try again.',
};

/** Headers of a job that is not finished, and of a submission. */
export const jobHeaders = z.object({
  Location: z.string().optional().meta({ description: 'Of a submission: where to poll.' }),
  'Retry-After': z.string().optional().meta({ description: 'Seconds until polling makes sense.' }),
  'openai-poll-after-ms': z.string().optional().meta({ description: 'The same in milliseconds.' }),
});

/** The answers of an operation: the good ones, the named problems, and a fault of ours. */
export function answersWith(
  good: Record<string, ZodOpenApiResponseObject>,
  problemStatuses: ProblemStatus[],
): ZodOpenApiOperationObject['responses'] {
  const problems = [...problemStatuses, 405 as const, 500 as const].map((status) => [
    String(status),
    {
      description: problemTexts[status],
      content: { 'application/problem+json': { schema: problemSchema } },
    },
  ]);
  return { ...good, ...Object.fromEntries(problems) };
}
