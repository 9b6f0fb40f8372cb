import { z } from 'zod';
import { jobStatusSchema, jobTypes, jobTypeSchema } from '@promptq/shared/contracts';
import { jobTypeOf } from '@promptq/shared/queues';
import { limitSchema, momentSchema } from '../http/list-query.ts';

/** The query of `GET /v1/jobs`. */
export const listQuerySchema = z.strictObject({
  status: z
    .enum(jobStatusSchema.options, {
      error: `Must be one of ${jobStatusSchema.options.join(', ')}.`,
    })
    .optional(),
  type: z
    .enum(jobTypeSchema.options, { error: `Must be one of ${jobTypes.join(', ')}.` })
    .optional(),
  created_after: momentSchema.optional().meta({ description: 'Created at this time or later.' }),
  created_before: momentSchema.optional().meta({ description: 'Created before this time.' }),
  limit: limitSchema,
  after: z
    .string()
    .refine((id) => jobTypeOf(id) !== null, { error: 'Must be the id of a job.' })
    .optional()
    .meta({ description: 'The `last_id` of the page before; the job may be gone.' }),
});
export type ListQuery = z.infer<typeof listQuerySchema>;
