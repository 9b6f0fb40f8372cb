import { z } from 'zod';
import { jobStatusSchema } from '@promptq/shared/contracts';

/** What finish.lua publishes on `<prefix>:live:<job id>` when a job has finished and its audit event is written. */
export const wakeUpSchema = z.object({
  job_id: z.string(),
  status: jobStatusSchema,
  event_id: z.string(),
});

export type WakeUp = z.infer<typeof wakeUpSchema>;
