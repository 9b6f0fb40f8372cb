import { z } from 'zod';
import { jobSchema, type PublicJob } from '@promptq/shared/contracts';

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

/** The event that shows the job as it is. */
export function stateEvent(job: PublicJob): JobEvent {
  return { event: `job.${job.status}`, data: job };
}

/** The event that shows what is new, or `null` when nothing is. */
export function changeEvent(before: PublicJob, job: PublicJob): JobEvent | null {
  const isSame =
    before.status === job.status &&
    before.attempt === job.attempt &&
    before.next_attempt_at === job.next_attempt_at &&
    before.cancel_requested_at === job.cancel_requested_at;
  if (!isSame) return stateEvent(job);
  return before.progress.done === job.progress.done ? null : { event: 'job.progress', data: job };
}
