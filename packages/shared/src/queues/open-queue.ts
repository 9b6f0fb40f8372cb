import { Queue, type BackoffOptions, type Telemetry } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobType } from '../contracts/index.ts';
import { redisKeys } from '../redis/index.ts';
import type { JobData } from '../jobs/index.ts';

/**
 * BullMQ trims a queue's event stream to about 10,000 entries by default and would throw completions
 * away before settlement has read them. Only settlement may trim; this bound is a last resort.
 */
const maxStreamEvents = 10_000_000;

/** Names the worker's backoff strategy. The worker computes the delays (bullmq-worker/backoff.ts), so a queued job stores only this name. */
export const backoff: BackoffOptions = { type: 'retry' };

/**
 * Opens the BullMQ queue of a job type. It is usable when the connection is.
 * @param telemetry when jobs carry the trace that they are submitted in
 */
export function openQueue(
  redis: Redis,
  prefix: string,
  type: JobType,
  telemetry?: Telemetry,
): Queue<JobData> {
  const queue = new Queue<JobData>(type, {
    connection: redis,
    prefix,
    streams: { events: { maxLen: maxStreamEvents } },
    ...(telemetry ? { telemetry } : {}),
  });
  // The connection tells of its own faults; without a listener BullMQ would print each of them again.
  queue.on('error', () => undefined);
  return queue;
}

/** Tells BullMQ's scripts to leave the queue's event stream alone. Idempotent. */
export async function keepEvents(redis: Redis, prefix: string, type: JobType): Promise<void> {
  await redis.hset(redisKeys(prefix).meta(type), 'opts.maxLenEvents', maxStreamEvents);
}
