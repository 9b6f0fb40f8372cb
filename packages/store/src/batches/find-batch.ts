import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { isBatchId } from '@promptq/shared/jobs';
import { parseBatchReply, type BatchReply, type FoundBatch } from './record.ts';

const find = defineScript(import.meta.url, 'find-batch');

/**
 * Finds the batch with this id in one round trip.
 * @param tenant the tenant that must own the batch; `null`: any tenant
 * @returns `null` when the batch does not exist or is another tenant's
 * @throws {z.ZodError} when promptq did not write the batch
 */
export async function findBatch(
  context: StoreContext,
  id: string,
  tenant: string | null,
): Promise<FoundBatch | null> {
  if (!isBatchId(id)) return null;
  const reply = await find(context.redis, {
    keys: batchKeys(context, id),
    control: digitsOf(id),
  });
  const found = parseBatchReply(id, reply as BatchReply);
  return found && (tenant === null || found.record.tenant === tenant) ? found : null;
}

/** The keys that read-batch.lua reads. */
export function batchKeys({ keys, queues }: StoreContext, id: string): string[] {
  return [keys.batch(id), ...queues.names().map((queue) => keys.queueKey(queue, 'active'))];
}

/** The digits that a batch and its jobs have in common in their ids, see batch-id.ts. */
export function digitsOf(id: string): { time: string; tail: string } {
  const digits = id.slice('batch_'.length);
  return { time: digits.slice(0, 12), tail: digits.slice(-11) };
}
