import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { idsInBucket } from './time-index.ts';

const replace = defineScript(import.meta.url, 'replace-bucket');

/** A bucket of a time index, as it was read. */
export interface Bucket {
  index: string;
  number: number;
  /** Its ids, newest first, each once. */
  ids: string[];
  /** Its length in bytes. */
  length: number;
}

export async function readBucket(
  { redis, keys }: StoreContext,
  index: string,
  number: number,
): Promise<Bucket> {
  const content = (await redis.getBuffer(keys.indexBucket(index, number))) ?? Buffer.alloc(0);
  return { index, number, ids: idsInBucket(content), length: content.length };
}

/**
 * Replaces a bucket with the entries that remain. Without entries, the bucket is removed.
 * @returns false when something was appended since it was read; then the bucket does not change
 */
export async function replaceBucket(
  { redis, keys }: StoreContext,
  { index, number, length }: Bucket,
  entries: Buffer[],
): Promise<boolean> {
  const replaced = await replace(redis, {
    keys: [keys.indexBucket(index, number), keys.index(index)],
    control: { bucket: String(number), length },
    payloads: [Buffer.concat(entries)],
  });
  return replaced === 1;
}
