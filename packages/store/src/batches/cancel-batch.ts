import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { isBatchId } from '@promptq/shared/jobs';
import { batchKeys, digitsOf } from './find-batch.ts';
import { parseBatchReply, type BatchReply, type FoundBatch } from './record.ts';

const cancel = defineScript(import.meta.url, 'cancel-batch');

/**
 * Requests the cancellation of a batch: one round trip. Idempotent; a finished batch stays as it is. `cancelReleased` and
 * `releaseRequests` carry it out.
 * @param tenant whose batch it has to be; `null`: anybody's
 * @returns the batch as it is now; `null` when there is no such batch (any more), and when it is another tenant's
 */
export async function cancelBatch(
  context: StoreContext,
  id: string,
  tenant: string | null,
): Promise<FoundBatch | null> {
  if (!isBatchId(id)) return null;
  const reply = await cancel(context.redis, {
    keys: batchKeys(context, id),
    control: { ...digitsOf(id), at: Date.now(), tenant: tenant ?? undefined },
  });
  return parseBatchReply(id, reply as BatchReply);
}
