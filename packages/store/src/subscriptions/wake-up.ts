import { z } from 'zod';
import { jobStatusSchema } from '@promptq/shared/contracts';
import { jobTypeOf, type JobRecord } from '@promptq/shared/jobs';
import { parseJobHash } from '../jobs/parse-hash.ts';
import { hashFields } from '../scripts/reply.ts';

/** The message that finish.lua publishes on `<prefix>:live:<job id>` when a job has finished. */
const wakeUpSchema = z.object({
  job_id: z.string(),
  status: jobStatusSchema,
  event_id: z.string(),
  /** The fields of the finished job. They are absent when they are large; then the job must be read. */
  fields: z.array(z.string()).optional(),
});

/**
 * The finished job in a wake-up message, so that a waiting client needs no further read. `null`: the message does not
 * contain the job or cannot be parsed. Then the job is read, which also reports a damaged job.
 */
export function finishedJobOf(message: string): JobRecord | null {
  try {
    const { job_id, fields } = wakeUpSchema.parse(JSON.parse(message));
    const type = jobTypeOf(job_id);
    if (!type || !fields) return null;
    return parseJobHash(job_id, type, hashFields(fields), { at: 'waiting' });
  } catch {
    return null;
  }
}
