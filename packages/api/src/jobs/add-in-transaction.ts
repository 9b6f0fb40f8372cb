import { SpanKind } from 'bullmq';
import { addGuarded, bullJob, createdAtOf, type NewJob } from '@promptq/shared/queues';
import { fromRedis } from '../http/from-redis.ts';
import type { AddDeps } from './add-job.ts';

type Steps = Omit<Parameters<typeof addGuarded>[2], 'jobs'>;

/**
 * Adds a job in one transaction whose guard may refuse it. It carries the trace that it is submitted in, as with
 * BullMQ's own `add`.
 * @returns what the guard refused with, or `null`
 * @throws {Problem} `redis_unavailable`
 */
export async function addInTransaction(
  { redis, keys, queues }: Pick<AddDeps, 'redis' | 'keys' | 'queues'>,
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
