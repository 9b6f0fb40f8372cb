import { batchStatusOf, readBatchRecord, type BatchRecord } from '@promptq/shared/batches';
import type { Logger } from '@promptq/shared/logging';
import type { BatchQueues } from './release-requests.ts';

const endsAtOnce = 100;

/**
 * Announces the batches that have ended. Settlement knows the end exactly once and notes it in the same step; the note
 * is taken away when the announcement is done, so a process that dies in between has it made again: whatever is done
 * in `batchEnded` has to be the same thing when it is done twice.
 */
export async function announceEnds(
  { redis, keys }: Pick<BatchQueues, 'redis' | 'keys'>,
  log: Logger,
): Promise<void> {
  for (const id of await redis.zrange(keys.endedBatches, '0', String(endsAtOnce - 1))) {
    const fields = await redis.hgetall(keys.batch(id));
    // A record that is gone was kept for its time, and nobody has announced it: there is nothing left to tell.
    if (Object.keys(fields).length > 0) await batchEnded(readBatchRecord(id, fields), log);
    await redis.zrem(keys.endedBatches, id);
  }
}

/** The one place that hears of the end of a batch: at least once, with the record as it stays. */
async function batchEnded(record: BatchRecord, log: Logger): Promise<void> {
  const { id, total, completed, failed, cancelled, expired } = record;
  log.info(
    { batch_id: id, status: batchStatusOf(record), total, completed, failed, cancelled, expired },
    'a batch has ended',
  );
}
