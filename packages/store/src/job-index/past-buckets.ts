import type { StoreContext } from '../context.ts';

const bucketBatchSize = 100;

/** The numbers of the buckets of an index up to and including `newest`, oldest first. They may be removed meanwhile. */
export async function* bucketsUntil(
  { redis, keys }: StoreContext,
  index: string,
  newest: number,
): AsyncGenerator<number> {
  let from = '-inf';
  for (;;) {
    const found = await redis.zrangebyscore(
      keys.index(index),
      from,
      newest,
      'LIMIT',
      0,
      bucketBatchSize,
    );
    yield* found.map(Number);
    if (found.length < bucketBatchSize) return;
    from = `(${found.at(-1)}`;
  }
}
