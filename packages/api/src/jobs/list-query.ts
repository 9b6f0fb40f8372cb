import { z } from 'zod';
import { jobStatusSchema, jobTypes, jobTypeSchema } from '@promptq/shared/contracts';
import { jobTypeOf } from '@promptq/shared/queues';
import { isCursor } from '../cursors/seal.ts';
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
    // An id is never looked up, only its time counts: that of a foreign job tells no more than one that is made up.
    .refine((after) => isCursor(after) || jobTypeOf(after) !== null, {
      error: 'Must be the `last_id` of a page, or the id of a job.',
    })
    .optional()
    .meta({
      description: 'The `last_id` of the page before, or the id of a job, which may be gone.',
    }),
});
export type ListQuery = z.infer<typeof listQuerySchema>;
