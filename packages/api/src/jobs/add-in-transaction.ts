import { SpanKind, type Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { addGuarded, bullJob, type NewJob } from '@promptq/shared/queues';
import { createdAtOf, type JobData } from '@promptq/shared/jobs';
import { fromRedis } from '../problems/store-unavailable.ts';

type Steps = Omit<Parameters<typeof addGuarded>[2], 'jobs'>;

/**
 * Adds a job in one transaction whose guard may refuse it. It carries the trace that it is submitted in, as with
 * BullMQ's own `add`.
 * @returns what the guard refused with, or `null`
 * @throws {Problem} `redis_unavailable`
 */
export async function addInTransaction(
  {
    redis,
    keys,
    queues,
  }: { redis: Redis; keys: RedisKeys; queues: Record<JobType, Queue<JobData>> },
  job: NewJob,
  steps: Steps,
): Promise<string | null> {
  const queue = queues[job.type];
  await fromRedis(queue.waitUntilReady());
  const adding = queue.trace(
    SpanKind.PRODUCER,
    'add',
    `${queue.name}.${job.type}`,
    // BullMQ gives the trace only to a function that is declared with both.
    (_span, trace) => {
      const added = bullJob(queue, job, trace);
      // The time in the id, which the first answer is made of: a replay tells the same moments, to the millisecond.
      added.timestamp = createdAtOf(job.id) ?? added.timestamp;
      return addGuarded(redis, keys, { jobs: [added], ...steps });
    },
  );
  return fromRedis(adding);
}
