import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobType, PublicJob } from '@promptq/shared/contracts';
import { bullOptions, priorityOfSingle, type NewJob } from '@promptq/shared/queues';
import {
  createdAtOf,
  newJobId,
  startBy,
  toPublicJob,
  toStored,
  type JobData,
} from '@promptq/shared/jobs';
import type { RedisKeys } from '@promptq/shared/redis';
import type { FairShare } from '../fairness/fair-share.ts';
import { fromRedis } from '../problems/store-unavailable.ts';
import type { QueueLimit } from '../limits/queue-limit.ts';
import type { TenantLimit } from '../limits/tenant-limit.ts';
import type { SubmissionMetrics } from '../metrics/submission-metrics.ts';
import { addInTransaction } from './add-in-transaction.ts';
import type { AppendToIndex } from './index-writer.ts';
import type { JobSpec } from '@promptq/shared/jobs';

export type JobQueues = Record<JobType, Queue<JobData>>;

export interface AddDeps {
  redis: Redis;
  keys: RedisKeys;
  queues: JobQueues;
  appendToIndex: AppendToIndex;
  /** Counts accepted jobs. */
  submitted: SubmissionMetrics['submitted'];
  /** Refuses a job when its queue is full. */
  assertQueueCapacity: QueueLimit;
  /** `null`: a tenant may have as many jobs as it likes. */
  tenantLimit: TenantLimit | null;
  /** `null`: there is one tenant, and its jobs are first in, first out in each class of priority. */
  fairShare: FairShare | null;
  settings: { RESULT_TTL_SECONDS: number };
}

/** Refuses a job of a type, or of a tenant, that has too many. @throws {Problem} `queue_full`, `redis_unavailable` */
export async function assertCapacity(
  { assertQueueCapacity, tenantLimit }: Pick<AddDeps, 'assertQueueCapacity' | 'tenantLimit'>,
  { type, data }: Pick<JobSpec, 'type' | 'data'>,
): Promise<void> {
  await assertQueueCapacity(type);
  await tenantLimit?.peek(data.tenant);
}

/** The job to add, with an id of its own and its place in the queue. */
export async function toNewJob(
  { delaySeconds, ...spec }: JobSpec,
  { fairShare, tenantLimit }: Pick<AddDeps, 'fairShare' | 'tenantLimit'>,
): Promise<NewJob> {
  const id = newJobId(spec.type);
  const { tenant, priority: named } = spec.data;
  const data = { ...spec.data, counted: tenantLimit !== null };
  const priority = fairShare
    ? await fromRedis(fairShare({ type: spec.type, tenant, priority: named }))
    : priorityOfSingle(named);
  return { ...spec, data, id, delayMs: delaySeconds * 1_000, priority };
}

/**
 * Adds a job to the queue of its type: one round trip, a second one while the jobs of tenants are limited.
 * @returns the job as clients see it
 * @throws {Problem} `queue_full`, `redis_unavailable`
 */
export async function addJob(deps: AddDeps, spec: JobSpec): Promise<PublicJob> {
  const { submitted, tenantLimit, settings } = deps;
  await assertCapacity(deps, spec);
  const job = await toNewJob(spec, deps);
  if (tenantLimit) {
    const { own, args, take: guard, keep: conclude } = tenantLimit.slotFor(job);
    tenantLimit.check(await addInTransaction(deps, job, { own, args, guard, conclude }));
  } else await addAlone(deps, job);
  submitted(job.type, 1);
  return toAcceptedJob(job, settings.RESULT_TTL_SECONDS);
}

async function addAlone(
  { queues, appendToIndex }: Pick<AddDeps, 'queues' | 'appendToIndex'>,
  job: NewJob,
): Promise<void> {
  const { sent, written } = appendToIndex(job.id);
  // The index goes first on the same connection: an id in it without a job is passed over, a job that is not in
  // it would be in no list.
  await sent;
  const added = queues[job.type].add(job.type, toStored(job.data), bullOptions(job));
  await fromRedis(Promise.all([written, added]));
}

/** The public job of one that was added a moment ago, without asking for it. */
export function toAcceptedJob(
  { id, type, data, maxAttempts, delayMs }: NewJob,
  resultTtlSeconds: number,
): PublicJob {
  const createdAtMs = createdAtOf(id) ?? Date.now();
  return toPublicJob(
    {
      id,
      type,
      data,
      state: delayMs > 0 ? { at: 'delayed', untilMs: createdAtMs + delayMs } : { at: 'waiting' },
      maxAttempts,
      attemptsMade: 0,
      attemptsStarted: 0,
      createdAtMs,
      startByMs: startBy(createdAtMs, delayMs, data.start_within_seconds),
      startedAtMs: null,
      progress: null,
      worker: null,
    },
    { resultTtlSeconds, includeInput: false, nowMs: createdAtMs },
  );
}
