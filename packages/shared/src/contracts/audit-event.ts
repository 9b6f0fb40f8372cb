import { z } from 'zod';
import { jobErrorSchema, jobTypeSchema, usageSchema } from './job.ts';
import { timeSchema } from './time.ts';

/** The durable record of a finished job: exactly one for each. */
export const auditEventSchema = z
  .object({
    id: z.string(),
    object: z.literal('audit_event'),
    type: z.enum(['job.completed', 'job.failed', 'job.cancelled', 'job.expired']),
    timestamp: timeSchema.meta({ description: 'When the job finished.' }),
    job_id: z.string(),
    job_type: jobTypeSchema,
    tenant: z.string(),
    user_id: z.string().nullable(),
    model: z.string().nullable(),
    attempts: z.int().min(0).nullable(),
    queued_ms: z.number().min(0).nullable(),
    latency_ms: z.number().min(0).nullable(),
    usage: usageSchema,
    message: z.string().nullable().meta({ description: 'The first 100 characters of the input.' }),
    reply: z.string().nullable().meta({ description: 'The first 100 characters of the output.' }),
    error: jobErrorSchema.nullable(),
    worker: z.string().nullable(),
  })
  .meta({ id: 'AuditEvent' });
export type AuditEvent = z.infer<typeof auditEventSchema>;
