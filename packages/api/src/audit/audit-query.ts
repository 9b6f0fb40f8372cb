import { z } from 'zod';
import { auditEventSchema, jobTypeSchema } from '@promptq/shared/contracts';

const limitError = 'Must be a whole number from 1 to 100.';
const momentSchema = z.iso.datetime({
  offset: true,
  error: 'Must be a time as in RFC 3339, for example 2026-01-31T12:00:00Z.',
});

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
  limit: z
    .string()
    .regex(/^[1-9]\d?$|^100$/, { error: limitError })
    .transform(Number)
    .default(20)
    .meta({
      override: { type: 'integer', minimum: 1, maximum: 100, default: 20, pattern: undefined },
    }),
  after: z.string().min(1).optional().meta({ description: 'The `last_id` of the page before.' }),
});
export type AuditQuery = z.infer<typeof auditQuerySchema>;
