import type { StoreContext } from '../context.ts';
import type { BatchRecord } from '@promptq/shared/jobs';
import { parseBatch } from './record.ts';

/** The ids of unfinished batches, oldest first. @param limit the maximum number of ids */
export async function openBatchIds(
  { redis, keys }: StoreContext,
  limit: number,
): Promise<string[]> {
  return limit > 0 ? redis.zrange(keys.openBatches, '0', String(limit - 1)) : [];
}

/**
 * Reads the record of an unfinished batch. A batch whose record was removed by hand is no longer listed as unfinished.
 * @returns `null` when the record does not exist
 * @throws {z.ZodError} when promptq did not write it
 */
export async function readOpenBatch(
  { redis, keys }: StoreContext,
  id: string,
): Promise<BatchRecord | null> {
  const fields = await redis.hgetall(keys.batch(id));
  if (Object.keys(fields).length > 0) return parseBatch(id, fields);
  await redis.zrem(keys.openBatches, id);
  return null;
}
