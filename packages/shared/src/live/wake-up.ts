import { z } from 'zod';
import { jobStatusSchema } from '../contracts/index.ts';

/** What settlement publishes on `<prefix>:live:<job id>` when the job has ended and its audit event is written. */
export const wakeUpSchema = z.object({
  job_id: z.string(),
  status: jobStatusSchema,
  event_id: z.string(),
});

export type WakeUp = z.infer<typeof wakeUpSchema>;
