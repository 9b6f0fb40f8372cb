import type { PublicBatch, SubmissionRequest } from '@promptq/shared/contracts';

/** One request of a batch: a submission with a name of its own. */
export type BatchRequest = SubmissionRequest & { custom_id: string };

/** Many jobs that were submitted at once. */
export type Batch = PublicBatch;

export type { BatchResult } from '@promptq/shared/contracts';
