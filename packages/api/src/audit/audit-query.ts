import { z } from 'zod';
import { auditEventSchema, jobTypeSchema } from '@promptq/shared/contracts';
import { limitSchema, momentSchema } from '../http/list-query.ts';

/** The query of `GET /v1/audit`. */
export const auditQuerySchema = z.strictObject({
  job_id: z.string().min(1).optional(),
  user_id: z.string().min(1).optional(),
  type: z
    .union([auditEventSchema.shape.type, jobTypeSchema], {
      error: 'Must be a type of event (job.completed, job.failed, ...) or of job (chat, analysis).',
    })
    .optional(),
  since: momentSchema.optional().meta({ description: 'Finished at this time or later.' }),
  until: momentSchema.optional().meta({ description: 'Finished at this time or earlier.' }),
  limit: limitSchema,
  after: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The `last_id` of the page before, or the id of an event.' }),
});
export type AuditQuery = z.infer<typeof auditQuerySchema>;
