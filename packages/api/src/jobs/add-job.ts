import type { Queue } from 'bullmq';
import type { JobType, Priority, PublicJob } from '@promptq/shared/contracts';
import {
  backoff,
  newJobId,
  startBy,
  toPublicJob,
  toStored,
  type JobData,
} from '@promptq/shared/queues';
import type { FairShare } from '../fairness/fair-share.ts';
import { fromRedis } from '../http/from-redis.ts';

export type JobQueues = Record<JobType, Pick<Queue<JobData>, 'add' | 'getJob'>>;

/**
 * BullMQ takes jobs of priority 0 first, then the lowest number. Each class is first in, first out.
 * https://docs.bullmq.io/guide/jobs/prioritized
 */
const bullPriority: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/** What adding jobs needs. */
export interface AddNeeds {
  queues: JobQueues;
  /** `null`: there is one tenant, and its jobs are first in, first out in each class of priority. */
  fairShare: FairShare | null;
}

interface NewJob {
  type: JobType;
  data: JobData;
  maxAttempts: number;
  delaySeconds: number;
}

/** Adds a job to the queue of its type: one round trip. @returns the job as clients see it */
export async function addJob(
  { queues, fairShare }: AddNeeds,
  { type, data, maxAttempts, delaySeconds }: NewJob,
  resultTtlSeconds: number,
): Promise<PublicJob> {
  const delay = delaySeconds * 1_000;
  const { priority: named, tenant } = data;
  const priority = fairShare
    ? await fromRedis(fairShare({ type, tenant, priority: named }))
    : bullPriority[named];
  const job = await fromRedis(
    queues[type].add(type, toStored(data), {
      jobId: newJobId(type),
      attempts: maxAttempts,
      backoff,
      ...(delay > 0 ? { delay } : {}),
      ...(priority > 0 ? { priority } : {}),
    }),
  );
  const createdAtMs = job.timestamp;
  return toPublicJob(
    {
      id: job.id as string,
      type,
      data,
      state: delay > 0 ? { at: 'delayed', untilMs: createdAtMs + delay } : { at: 'waiting' },
      maxAttempts,
      attemptsMade: 0,
      createdAtMs,
      startByMs: startBy(createdAtMs, delay, data.start_within_seconds),
      startedAtMs: null,
      progress: null,
      worker: null,
    },
    { resultTtlSeconds, includeInput: false, nowMs: createdAtMs },
  );
}
