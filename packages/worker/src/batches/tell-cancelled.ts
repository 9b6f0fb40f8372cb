import { pendingType, type BatchRecord } from '@promptq/shared/batches';
import { batchJobId, requestCancel } from '@promptq/shared/queues';
import { luaScript } from '@promptq/shared/redis';
import type { BatchQueues } from './release-requests.ts';

const placesAtOnce = 500;
const togetherCancelled = 20;

const toldScript = luaScript(
  'promptqCancelTold',
  `if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'cancel_told', 1) end`,
);

/**
 * Cancels the jobs that there were when their batch was cancelled; what is released from then on is cancelled from the
 * start. Done again from the beginning when it was not finished: asking twice changes nothing.
 */
export async function tellCancelled(
  { redis, keys, queues }: BatchQueues,
  { id, released }: BatchRecord,
): Promise<void> {
  for (let from = 0; from < released; from += placesAtOnce) {
    const places = Array.from(
      { length: Math.min(placesAtOnce, released - from) },
      (_, at) => from + at,
    );
    const found = await redis.hmget(keys.batchResults(id), ...places.map(String));
    const jobs = places.flatMap((index, at) => {
      const type = pendingType(found[at] ?? '');
      return type ? [{ type, jobId: batchJobId(id, type, index) }] : [];
    });
    for (let at = 0; at < jobs.length; at += togetherCancelled) {
      const some = jobs.slice(at, at + togetherCancelled);
      await Promise.all(
        some.map(({ type, jobId }) => requestCancel(redis, keys, queues[type], jobId)),
      );
    }
  }
  await toldScript(redis, [keys.batch(id)], []);
}
