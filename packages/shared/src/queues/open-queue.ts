import { Queue, type BackoffOptions, type Telemetry } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobType } from '../contracts/index.ts';
import { redisKeys } from '../redis/index.ts';
import type { JobData } from './job-record.ts';

/**
 * BullMQ trims a queue's event stream to about 10,000 entries by default and would throw completions
 * away before settlement has read them. Only settlement may trim; this bound is a last resort.
 */
const maxStreamEvents = 10_000_000;

const firstRetryMs = 1_000;

/** What BullMQ is told of the time between attempts: a name, because every job of a long queue has it; see `retryInMs`. */
export const backoff: BackoffOptions = { type: 'retry' };

/** Between attempts: 1 s, 2 s, 4 s ..., each shortened by up to half at random so that failed jobs do not return as one wave. */
export function retryInMs(attemptsMade: number, random = Math.random()): number {
  return Math.round(firstRetryMs * 2 ** (attemptsMade - 1) * (1 - random / 2));
}

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
