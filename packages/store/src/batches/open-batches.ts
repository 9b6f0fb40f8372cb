import type { StoreContext } from '../context.ts';
import type { BatchRecord } from '@promptq/shared/jobs';
import { parseBatch } from './record.ts';

/** The ids of unfinished batches, oldest first. @param limit how many at most */
export async function openBatchIds(
  { redis, keys }: StoreContext,
  limit: number,
): Promise<string[]> {
  return limit > 0 ? redis.zrange(keys.openBatches, '0', String(limit - 1)) : [];
}

/**
 * The record of an unfinished batch. A batch whose record is gone, removed by hand, is forgotten.
 * @returns `null` when the record is gone
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
