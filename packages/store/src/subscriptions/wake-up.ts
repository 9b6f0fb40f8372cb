import { z } from 'zod';
import { jobStatusSchema } from '@promptq/shared/contracts';

/** The message that finish.lua publishes on `<prefix>:live:<job id>` when a job has finished. */
export const wakeUpSchema = z.object({
  job_id: z.string(),
  status: jobStatusSchema,
  event_id: z.string(),
});

export type WakeUp = z.infer<typeof wakeUpSchema>;
