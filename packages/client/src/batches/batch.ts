import type { PublicBatch, SubmissionRequest } from '@promptq/shared/contracts';

/** One request of a batch: a submission with a `custom_id`. */
export type BatchRequest = SubmissionRequest & { custom_id: string };

/** A batch: many jobs that were submitted together. */
export type Batch = PublicBatch;

/** A batch or its id. */
export type BatchReference = string | { id: string };

export type { BatchResult } from '@promptq/shared/contracts';

/** The path of a batch, with its id encoded. */
export function batchPath(batch: BatchReference, suffix = ''): string {
  const id = typeof batch === 'string' ? batch : batch.id;
  return `/v1/batches/${encodeURIComponent(id)}${suffix}`;
}
