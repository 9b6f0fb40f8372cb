import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { isBatchId } from '@promptq/shared/jobs';
import { batchKeys, digitsOf } from './find-batch.ts';
import { parseBatchReply, type BatchReply, type FoundBatch } from './record.ts';

const cancel = defineScript(import.meta.url, 'cancel-batch');

/**
 * Requests the cancellation of a batch in one round trip. Idempotent; a finished batch does not change.
 * `cancelReleased` and `releaseRequests` carry the cancellation out.
 * @param tenant the tenant that must own the batch; `null`: any tenant
 * @returns the batch as it is now; `null` when the batch does not exist or is another tenant's
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
