import { z } from 'zod';
import { defaultTenant } from '../contracts/index.ts';
import type { BatchRecord } from '../jobs/index.ts';

const wholeNumber = z.coerce.number().int();
const moment = wholeNumber.optional();

/** A batch as Redis holds it: a hash. Moments are milliseconds since 1970. */
const batchRecordSchema = z.object({
  total: wholeNumber,
  created_at: wholeNumber,
  metadata: z.string().transform((text) => JSON.parse(text) as Record<string, string>),
  fingerprint: z.string(),
  /** Whose batch it is: nobody else sees it. */
  tenant: z.string().default(defaultTenant),
  /** Where the end is told; empty: nowhere. */
  webhook_url: z.string().default(''),
  /** `1`: the webhook is for the tenant's own secret, see delivery.ts. */
  own_secret: z.string().default(''),
  /** How many requests have become jobs, the first ones. */
  released: wholeNumber,
  /** How many have no terminal status yet. */
  left: wholeNumber,
  completed: wholeNumber.default(0),
  failed: wholeNumber.default(0),
  cancelled: wholeNumber.default(0),
  expired: wholeNumber.default(0),
  cancel_requested_at: moment,
  /** Whether the jobs that there were when the cancellation came have all been told. */
  cancel_told: z.string().optional(),
  finished_at: moment,
});

/** @throws {z.ZodError} when promptq did not write it */
export function readBatchRecord(id: string, fields: Record<string, string>): BatchRecord {
  return { id, ...batchRecordSchema.parse(fields) };
}
