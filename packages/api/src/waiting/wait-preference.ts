import type { Request } from 'express';
import { z } from 'zod';
import { Problem } from '../problems/problem.ts';

const maxWaitSeconds = 60;
const waitError = `Must be a whole number of seconds from 0 to ${maxWaitSeconds}.`;

/** How long to wait for the end of a job, in seconds, as text. */
export const waitSchema = z
  .string()
  .regex(/^(?:\d|[1-5]\d|60)$/, { error: waitError })
  .transform(Number)
  .meta({
    description: 'Wait up to this many seconds for the job to finish.',
    override: { type: 'integer', minimum: 0, maximum: maxWaitSeconds, pattern: undefined },
  });

/** The header that requests a wait, for the OpenAPI document. */
export const preferHeaderSchema = z.object({
  Prefer: z
    .string()
    .optional()
    .meta({
      description: `With \`wait=n\`, the response is sent when the job has ended, or after n seconds (0 to ${maxWaitSeconds}). Other preferences are ignored (RFC 7240).`,
      example: 'wait=20',
    }),
});

/** Headers of a response that may come after a wait. */
export const waitedHeaders = {
  'Preference-Applied': z.string().optional().meta({
    description: 'The wait that was honoured. Absent if the process stopped during the wait.',
  }),
};

/** One preference: a name and a value, as a token or in quotes. Its parameters are skipped (RFC 7240, section 2). */
const preference =
  /[\t ]*([^\s=,;"]+)[\t ]*(?:=[\t ]*("(?:[^"\\]|\\.)*"|[^\s,;"]*))?((?:"(?:[^"\\]|\\.)*"|[^,"])*)(?:,|$)/gy;

/**
 * Reads the `wait` preference of the header `Prefer`, in seconds, or `null` when it is absent. The first one counts,
 * and unknown preferences are ignored (RFC 7240, section 2). An invalid `wait` is rejected, because a client that
 * relies on it would poll without a pause.
 * @throws {Problem} `invalid_request`
 */
export function readWaitPreference(req: Pick<Request, 'get'>): number | null {
  for (const [, name, value] of (req.get('prefer') ?? '').matchAll(preference)) {
    if (name?.toLowerCase() !== 'wait') continue;
    const parsed = waitSchema.safeParse(value?.replace(/^"(.*)"$/, '$1') ?? '');
    if (parsed.success) return parsed.data;
    throw new Problem('invalid_request', `Invalid Prefer header: wait: ${waitError}`, {
      faults: [{ pointer: '/wait', detail: `Prefer: wait: ${waitError}` }],
    });
  }
  return null;
}

/** The header that says that a wait was honoured (RFC 7240, section 3). */
export function preferenceApplied(seconds: number): Record<string, string> {
  return { 'Preference-Applied': `wait=${seconds}` };
}
