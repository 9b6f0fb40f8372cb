import type { Redis } from 'ioredis';
import type { JobType, Priority } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { fairTags, type Arrival } from './fair-tags.ts';

/** So many arrivals share one script: longer ones would hold Redis up. */
const maxChunkSize = 200;

/** The BullMQ priority of a new job, such that each tenant has its share of the starts. */
export type FairShare = (job: {
  type: JobType;
  tenant: string;
  priority: Priority;
}) => Promise<number>;

interface Waiting extends Arrival {
  resolve: (priority: number) => void;
  reject: (error: unknown) => void;
}

/**
 * Start-time fair queueing (Goyal, Vin and Cheng, "Start-time Fair Queuing", 1996) on BullMQ's priorities: however many
 * jobs a tenant has queued, another's next one is one step behind what is started now. Jobs that arrive together
 * share one round trip to Redis. Retries and delayed jobs keep the place that they had when they were submitted.
 * @param weights of tenants that have another share than 1: whole numbers
 */
export function fairShare(
  redis: Redis,
  keys: RedisKeys,
  weights: ReadonlyMap<string, number>,
): FairShare {
  const unit = Math.max(1, ...weights.values());
  const waiting = new Map<JobType, Waiting[]>();

  const flush = async (type: JobType) => {
    const batch = waiting.get(type) ?? [];
    waiting.delete(type);
    for (let at = 0; at < batch.length; at += maxChunkSize) {
      const part = batch.slice(at, at + maxChunkSize);
      try {
        const priorities = await fairTags(redis, keys, type, part);
        part.forEach((one, n) => one.resolve(priorities[n] as number));
      } catch (error) {
        for (const one of part) one.reject(error);
      }
    }
  };
  return ({ type, tenant, priority }) =>
    new Promise((resolve, reject) => {
      const step = Math.max(1, Math.round(unit / (weights.get(tenant) ?? 1)));
      const batch = waiting.get(type);
      const one = { tenant, priority, step, resolve, reject };
      if (batch) batch.push(one);
      else {
        waiting.set(type, [one]);
        setImmediate(() => void flush(type));
      }
    });
}
