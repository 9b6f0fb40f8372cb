import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { jobErrorSchema, jobTypeSchema, noUsage, timeSchema, toTime, usageSchema } from './job.ts';

/** A webhook to an address that is not allowed. It is not a failure of the job, which has already finished. */
const blockedErrorSchema = jobErrorSchema.extend({ code: z.literal('webhook_blocked') });

/**
 * The durable record of a finished job. There is exactly one per job. There are other events as well: `job.removed`,
 * for an unfinished job that was removed from Redis by hand; `webhook.blocked`, for a delivery to an address that is
 * not allowed; and `queue.paused` and `queue.resumed`, for a request of an operator, with the API key as `user_id`.
 */
export const auditEventSchema = z
  .object({
    id: z.string(),
    object: z.literal('audit_event'),
    type: z
      .enum([
        'job.completed',
        'job.failed',
        'job.cancelled',
        'job.expired',
        'job.removed',
        'webhook.blocked',
        'queue.paused',
        'queue.resumed',
      ])
      .meta({
        description:
          '`job.removed`: the job was removed from Redis by hand before it finished. `webhook.blocked`: the receiver of the webhook has an address that is not allowed. `queue.paused`, `queue.resumed`: an operator paused or resumed a queue.',
      }),
    timestamp: timeSchema.meta({
      description:
        'When the job finished, its removal was noticed, the webhook was blocked, or the queue was paused or resumed.',
    }),
    job_id: z.string().nullable().meta({ description: 'null when the event is about a queue.' }),
    job_type: jobTypeSchema
      .nullable()
      .meta({ description: "null when the event is about a batch's webhook." }),
    tenant: z.string(),
    user_id: z.string().nullable(),
    model: z.string().nullable(),
    attempts: z.int().min(0).nullable(),
    queued_ms: z.number().min(0).nullable(),
    latency_ms: z.number().min(0).nullable(),
    usage: usageSchema,
    message: z.string().nullable().meta({ description: 'The first 100 characters of the input.' }),
    reply: z.string().nullable().meta({ description: 'The first 100 characters of the output.' }),
    error: z.union([jobErrorSchema, blockedErrorSchema]).nullable(),
    worker: z.string().nullable(),
  })
  .meta({ id: 'AuditEvent' });
export type AuditEvent = z.infer<typeof auditEventSchema>;

type Given = Pick<AuditEvent, 'type' | 'tenant'> & Partial<AuditEvent>;

/**
 * An audit event without the details of a finished job. Members that are not given are `null`; `id` and `timestamp` are made
 * from the current time.
 */
export function plainEvent(about: string, given: Given): AuditEvent {
  const nowMs = Date.now();
  return {
    id: `evt_${about}_${nowMs}_${randomInt(1_000_000_000)}`,
    object: 'audit_event',
    timestamp: toTime(nowMs),
    job_id: null,
    job_type: null,
    user_id: null,
    model: null,
    attempts: null,
    queued_ms: null,
    latency_ms: null,
    usage: noUsage,
    message: null,
    reply: null,
    error: null,
    worker: null,
    ...given,
  };
}
