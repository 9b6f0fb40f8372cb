import { z } from 'zod';
import { defaultTenant } from '@promptq/shared/contracts';
import { hashFields } from '../scripts/reply.ts';

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
  /** Where the webhook of its end goes; empty: there is none. */
  webhook_url: z.string().default(''),
  /** `1`: the tenant had a webhook secret of its own when the batch was accepted, and nothing else may sign. */
  own_secret: z.string().default(''),
  /** How many requests have become jobs: the first ones. */
  released: wholeNumber,
  /** How many have no terminal status yet. */
  left: wholeNumber,
  completed: wholeNumber.default(0),
  failed: wholeNumber.default(0),
  cancelled: wholeNumber.default(0),
  expired: wholeNumber.default(0),
  cancel_requested_at: moment,
  /** How many requests, the first ones, have been cancelled since the cancellation was requested. */
  cancel_propagated: wholeNumber.default(0),
  finished_at: moment,
});
export type BatchRecord = z.infer<typeof batchRecordSchema> & { id: string };

/** Parses the hash of a batch. @throws {z.ZodError} when promptq did not write it */
export function parseBatch(id: string, fields: Record<string, string>): BatchRecord {
  return { id, ...batchRecordSchema.parse(fields) };
}

/** A batch, and how many of its jobs are being worked on. */
export interface FoundBatch {
  record: BatchRecord;
  active: number;
}

/** What read-batch.lua returns; `null` when there is no such batch. */
export type BatchReply = [flat: string[], active: number] | null;

/** @throws {z.ZodError} when promptq did not write the batch */
export function parseBatchReply(id: string, reply: BatchReply): FoundBatch | null {
  return reply && { record: parseBatch(id, hashFields(reply[0])), active: reply[1] };
}
