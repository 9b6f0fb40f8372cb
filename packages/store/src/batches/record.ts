import { z } from 'zod';
import { defaultTenant } from '@promptq/shared/contracts';
import type { BatchRecord } from '@promptq/shared/jobs';
import { hashFields } from '../scripts/reply.ts';

const wholeNumber = z.coerce.number().int();
const moment = wholeNumber.optional();

/** A batch as Redis holds it: a hash. See `BatchRecord`. */
const batchRecordSchema = z.object({
  total: wholeNumber,
  created_at: wholeNumber,
  metadata: z.string().transform((text) => JSON.parse(text) as Record<string, string>),
  fingerprint: z.string(),
  tenant: z.string().default(defaultTenant),
  webhook_url: z.string().default(''),
  own_secret: z.string().default(''),
  released: wholeNumber,
  left: wholeNumber,
  completed: wholeNumber.default(0),
  failed: wholeNumber.default(0),
  cancelled: wholeNumber.default(0),
  expired: wholeNumber.default(0),
  cancel_requested_at: moment,
  cancel_propagated: wholeNumber.default(0),
  finished_at: moment,
});

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
