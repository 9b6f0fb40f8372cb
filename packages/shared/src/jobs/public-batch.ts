import { toTime, type PublicBatch } from '../contracts/index.ts';

/** A batch as Redis stores it. Times are milliseconds since 1970. */
export interface BatchRecord {
  id: string;
  total: number;
  created_at: number;
  metadata: Record<string, string>;
  fingerprint: string;
  /** The owner. Other tenants do not see the batch. */
  tenant: string;
  /** The receiver of the batch's webhook, or empty. */
  webhook_url: string;
  /** `1` if only the tenant's own secret may sign the webhook, see webhooks/delivery.ts. */
  own_secret: string;
  /** How many of the requests, from the first on, have become jobs. */
  released: number;
  /** How many requests have no terminal status yet. */
  left: number;
  completed: number;
  failed: number;
  cancelled: number;
  expired: number;
  cancel_requested_at?: number | undefined;
  /** How many of the requests, from the first on, have been cancelled since the cancellation was requested. */
  cancel_propagated: number;
  finished_at?: number | undefined;
}

/**
 * The status of a batch. A batch whose cancellation was requested before its end is cancelled, whatever its results
 * are.
 */
export function batchStatusOf(record: BatchRecord): PublicBatch['status'] {
  const isCancelled = record.cancel_requested_at !== undefined;
  if (record.finished_at === undefined) return isCancelled ? 'cancelling' : 'in_progress';
  return isCancelled ? 'cancelled' : 'completed';
}

/**
 * The batch as clients see it.
 * @param active how many of its jobs are running
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
