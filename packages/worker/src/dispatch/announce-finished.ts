import type { Queue } from 'bullmq';
import { readBatchRecord } from '@promptq/shared/batches';
import { batchStatusOf, toPublicBatch, type BatchRecord } from '@promptq/shared/jobs';
import type { Logger } from '@promptq/shared/logging';
import { queueDeliveries, type DeliveryData } from '@promptq/shared/webhooks';
import type { BatchQueues } from './release-requests.ts';

const maxBatchesPerRound = 100;

interface Deps extends Pick<BatchQueues, 'redis' | 'keys'> {
  deliveries: Pick<Queue<DeliveryData>, 'addBulk'>;
  log: Logger;
}

/**
 * Announces the batches that have ended. Settlement knows the end exactly once and notes it in the same step; the note
 * is taken away when the announcement is done, so a process that dies in between has it made again: whatever is done
 * in `batchEnded` has to be the same thing when it is done twice.
 */
export async function announceEnds(deps: Deps): Promise<void> {
  const { redis, keys } = deps;
  for (const id of await redis.zrange(keys.endedBatches, '0', String(maxBatchesPerRound - 1))) {
    const fields = await redis.hgetall(keys.batch(id));
    // A record that is gone was kept for its time, and nobody has announced it: there is nothing left to tell.
    if (Object.keys(fields).length > 0) await batchEnded(readBatchRecord(id, fields), deps);
    await redis.zrem(keys.endedBatches, id);
  }
}

/** Handles the end of a batch. Called at least once per batch, with the final record. */
async function batchEnded(record: BatchRecord, { deliveries, log }: Deps): Promise<void> {
  const { id, total, completed, failed, cancelled, expired } = record;
  await queueDeliveries(deliveries, batchEventOf(record));
  log.info(
    { batch_id: id, status: batchStatusOf(record), total, completed, failed, cancelled, expired },
    'batch finished',
  );
}

/** The webhook of a batch, if it has one; its id follows from the batch's, because a batch ends once. */
function batchEventOf(record: BatchRecord): DeliveryData[] {
  const { id, webhook_url: url, finished_at: finishedAtMs = 0, metadata, tenant } = record;
  if (url === '') return [];
  const { status, request_counts } = toPublicBatch(record, { active: 0, resultTtlSeconds: 0 });
  const type = `batch.${status}`;
  const eventId = `evt_${id}`;
  const body = {
    id: eventId,
    object: 'event',
    type,
    created_at: Math.floor(finishedAtMs / 1_000),
    data: { id, object: 'batch', status, request_counts, metadata },
  };
  const event = { event_id: eventId, event_type: type, body: JSON.stringify(body) };
  return [{ url, job_id: id, tenant, own_secret: record.own_secret === '1', ...event }];
}
