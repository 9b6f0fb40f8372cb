import { nextChunk, pendingType } from '@promptq/shared/batches';
import { fromRedis } from '../problems/store-unavailable.ts';
import type { BatchDeps } from './find-batch.ts';

const firstChunk = 20;
const maxChunkSize = 500;

/** @throws {Error} when the batch is gone before its end: an answer that is cut off is seen, a short one is not */
export async function* resultLines(
  { redis, keys }: BatchDeps,
  id: string,
  total: number,
): AsyncGenerator<string> {
  let count = firstChunk;
  for (let at = 0; at < total;) {
    const places = Array.from({ length: Math.min(count, total - at) }, (_, n) => String(at + n));
    const found = await fromRedis(redis.hmget(keys.batchResults(id), ...places));
    at += places.length;
    if (found.some((line) => line === null)) throw new Error('the batch is no longer kept');
    const lines = found.filter((line) => line !== null);
    count = nextChunk(
      count,
      lines.map((line) => line.length),
      maxChunkSize,
    );
    const ended = lines.filter((line) => pendingType(line) === null);
    if (ended.length > 0) yield `${ended.join('\n')}\n`;
  }
}
