import type { StoreContext } from '../context.ts';
import { nextChunk } from './chunk-size.ts';
import { pendingType } from './staged-request.ts';

const firstChunk = 20;
const maxChunkSize = 500;

/**
 * Yields the results of a batch so far, in input order, as texts of one or more lines. Each line is the JSON of one
 * result. Requests without a result are left out. At most one chunk is held in memory.
 * @param total how many requests the batch has
 * @throws {RangeError} when the batch is removed meanwhile. A client notices a response that is cut off, but not one
 *   that is too short.
 */
export async function* batchResults(
  { redis, keys }: StoreContext,
  id: string,
  total: number,
): AsyncGenerator<string, void> {
  let count = firstChunk;
  for (let at = 0; at < total;) {
    const indexes = Array.from({ length: Math.min(count, total - at) }, (_, n) => String(at + n));
    const found = await redis.hmget(keys.batchResults(id), ...indexes);
    at += indexes.length;
    const lines = found.filter((line) => line !== null);
    if (lines.length < indexes.length) throw new RangeError('the batch is no longer kept');
    const lengths = lines.map((line) => line.length);
    count = nextChunk(count, lengths, maxChunkSize);
    const results = lines.filter((line) => pendingType(line) === null);
    if (results.length > 0) yield `${results.join('\n')}\n`;
  }
}
