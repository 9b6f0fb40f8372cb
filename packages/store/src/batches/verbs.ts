import type { StoreContext } from '../context.ts';
import type { BatchRecord } from '@promptq/shared/jobs';
import { guardIteration } from '../guard-iteration.ts';
import { guardVerbs } from '../guard-verbs.ts';
import type { Idempotency } from '../jobs/add.ts';
import { cancelBatch } from './cancel-batch.ts';
import { cancelReleased } from './cancel-released.ts';
import { correctRemoved } from './correct-removed.ts';
import { createBatch, type NewBatch } from './create-batch.ts';
import { findBatch } from './find-batch.ts';
import { openBatchIds, readOpenBatch } from './open-batches.ts';
import { releaseRequests } from './release.ts';
import { batchResults } from './results.ts';
import { dropUpload, stageRequests, type StagedRequest } from './stage.ts';

/** `store.batches`. */
export function batchVerbs(context: StoreContext) {
  return {
    ...guardVerbs({
      stage: (uploadId: string, chunk: StagedRequest[]) => stageRequests(context, uploadId, chunk),
      dropUpload: (uploadId: string) => dropUpload(context, uploadId),
      create: (batch: NewBatch, idempotency: Idempotency | null) =>
        createBatch(context, batch, idempotency),
      find: (id: string, tenant: string | null) => findBatch(context, id, tenant),
      cancel: (id: string, tenant: string | null) => cancelBatch(context, id, tenant),
      openIds: (limit: number) => openBatchIds(context, limit),
      readOpen: (id: string) => readOpenBatch(context, id),
      release: (batch: BatchRecord) => releaseRequests(context, batch),
      cancelReleased: (batch: BatchRecord) => cancelReleased(context, batch),
      correctRemoved: () => correctRemoved(context),
    }),
    results: (id: string, total: number) => guardIteration(batchResults(context, id, total)),
  };
}
