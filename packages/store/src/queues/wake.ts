import type { JobType } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { queueNameOf } from './registry.ts';

/**
 * Wakes an idle worker of a type. BullMQ's idle workers wait for this key; the member `0` means that a job is waiting
 * (see BullMQ's script addBaseMarkerIfNeeded).
 */
export async function wakeWorkers({ redis, keys }: StoreContext, type: JobType): Promise<void> {
  await redis.zadd(keys.queueKey(queueNameOf(type), 'marker'), 0, '0');
}
