import { z } from 'zod';
import { jobSchema } from './job.ts';

/** The server-sent events of a job, by name. */
export const jobEventSchema = z
  .union([
    z.object({
      event: z.enum([
        'job.queued',
        'job.in_progress',
        'job.progress',
        'job.completed',
        'job.failed',
        'job.cancelled',
        'job.expired',
      ]),
      data: jobSchema,
    }),
    z.object({
      event: z.literal('output.delta'),
      data: z.object({
        delta: z
          .string()
          .meta({ description: 'More of the output; it follows the previous deltas.' }),
      }),
    }),
    z.object({
      event: z.literal('output.reset'),
      data: z
        .object({})
        .meta({ description: 'The output starts again: discard all deltas so far.' }),
    }),
  ])
  .meta({ id: 'JobEvent' });
export type JobEvent = z.infer<typeof jobEventSchema>;
