import type { StoreContext } from '../context.ts';
import type { JobSpec } from '@promptq/shared/jobs';
import { pendingMark, serializeRequest } from './staged-request.ts';

/** A checked request of an upload. */
export interface StagedRequest {
  /** Its position in the batch, from 0. */
  index: number;
  customId: string;
  spec: JobSpec;
}

/** Redis removes an upload that has received nothing for this time. */
const idleSeconds = 600;

/**
 * Writes requests of an upload under separate keys. They are invisible until `createBatch` turns the upload into a
 * batch.
 * @param chunk the next requests in order; either all of them are written or none
 */
export async function stageRequests(
  { redis, keys }: StoreContext,
  uploadId: string,
  chunk: StagedRequest[],
): Promise<void> {
  if (chunk.length === 0) return;
  const [waiting, results] = [keys.stagedWaiting(uploadId), keys.stagedResults(uploadId)];
  const lines = chunk.map(({ customId, spec }) =>
    serializeRequest({ ...spec, data: { ...spec.data, custom_id: customId } }),
  );
  const marks = chunk.flatMap(({ index, customId, spec }) => [
    String(index),
    pendingMark(spec.type, customId),
  ]);
  const replies = await redis
    .multi()
    .rpush(waiting, ...lines)
    .hset(results, ...marks)
    .expire(waiting, idleSeconds)
    .expire(results, idleSeconds)
    .exec();
  for (const [error] of replies ?? []) if (error) throw error;
}

/** Removes an upload. */
export async function dropUpload({ redis, keys }: StoreContext, uploadId: string): Promise<void> {
  await redis.unlink(keys.stagedWaiting(uploadId), keys.stagedResults(uploadId));
}
