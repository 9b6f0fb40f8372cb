import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';
import { countSingleJobs } from '../queues/count-single-jobs.ts';
import { queueFull } from './queue-full.ts';

/** A look at the queue is good for so long while it is far from full. */
const sampleTtlMs = 1_000;
/** From here on every submission looks. */
const nearlyFull = 0.8;

/** Refuses a job when its queue is full. @throws {Problem} `queue_full`, `redis_unavailable` */
export type QueueLimit = (type: JobType) => Promise<void>;

/**
 * At most so many jobs of a type wait for a worker; those of batches are not counted, they are released a few at a
 * time. Far from the limit a look a second is enough; near it each submission looks, so it is passed by no more than
 * the submissions that are under way at one moment.
 */
export function queueLimit(redis: Redis, keys: RedisKeys, max: number): QueueLimit {
  const samples = new Map<JobType, { atMs: number; waiting: number; since: number }>();
  const countAgain = async (type: JobType) => {
    const waiting = await fromRedis(countSingleJobs(redis, keys, type));
    const sample = { atMs: Date.now(), waiting, since: 0 };
    samples.set(type, sample);
    return sample;
  };
  return async (type) => {
    let sample = samples.get(type);
    const isFresh = sample && Date.now() - sample.atMs < sampleTtlMs;
    if (!sample || !isFresh || sample.waiting + sample.since >= max * nearlyFull)
      sample = await countAgain(type);
    if (sample.waiting >= max) {
      throw queueFull(
        `The queue is full: ${max} ${type} jobs are waiting. Try again later.`,
        'waiting',
        max,
      );
    }
    sample.since += 1;
  };
}
