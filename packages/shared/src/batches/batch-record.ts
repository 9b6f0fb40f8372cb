import { z } from 'zod';
import { defaultTenant, toTime, type PublicBatch } from '../contracts/index.ts';

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
export type BatchRecord = z.infer<typeof batchRecordSchema> & { id: string };

/** @throws {z.ZodError} when promptq did not write it */
export function readBatchRecord(id: string, fields: Record<string, string>): BatchRecord {
  return { id, ...batchRecordSchema.parse(fields) };
}

/** A batch that was cancelled before it had ended is cancelled, whatever became of its requests. */
export function batchStatusOf(record: BatchRecord): PublicBatch['status'] {
  const isCancelled = record.cancel_requested_at !== undefined;
  if (record.finished_at === undefined) return isCancelled ? 'cancelling' : 'in_progress';
  return isCancelled ? 'cancelled' : 'completed';
}

/**
 * The batch as clients see it.
 * @param active how many of its jobs are being worked on
 */
export function toPublicBatch(
  record: BatchRecord,
  { active, resultTtlSeconds }: { active: number; resultTtlSeconds: number },
): PublicBatch {
  const { id, total, left, completed, failed, cancelled, expired, finished_at } = record;
  const self = `/v1/batches/${id}`;
  const inProgress = Math.min(active, left);
  return {
    id,
    object: 'batch',
    status: batchStatusOf(record),
    request_counts: {
      total,
      queued: left - inProgress,
      in_progress: inProgress,
      completed,
      failed,
      cancelled,
      expired,
    },
    metadata: record.metadata,
    created_at: toTime(record.created_at),
    finished_at: timeOrNull(finished_at),
    expires_at: timeOrNull(finished_at && finished_at + resultTtlSeconds * 1_000),
    cancel_requested_at: timeOrNull(record.cancel_requested_at),
    urls: { self, results: `${self}/results`, cancel: `${self}/cancel` },
  };
}

function timeOrNull(epochMs: number | undefined): string | null {
  return epochMs === undefined ? null : toTime(epochMs);
}
