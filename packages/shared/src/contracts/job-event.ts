import { z } from 'zod';
import { jobSchema } from './job.ts';

/** What is sent of a job, by the name of the event. */
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
      data: z.object({ delta: z.string().meta({ description: 'Follows on what came before.' }) }),
    }),
    z.object({
      event: z.literal('output.reset'),
      data: z.object({}).meta({ description: 'All deltas so far are void.' }),
    }),
  ])
  .meta({ id: 'JobEvent' });
export type JobEvent = z.infer<typeof jobEventSchema>;
