import type { Redis } from 'ioredis';
import { readJob } from '@promptq/shared/queues';
import { statusOf, type JobRecord } from '@promptq/shared/jobs';
import type { RedisKeys } from '@promptq/shared/redis';
import { fromRedis } from '../problems/store-unavailable.ts';
import { Problem } from '../problems/problem.ts';

/**
 * The job of this tenant with this id; another tenant's is answered as if there were none.
 * @param resultTtlSeconds a job that finished longer ago is gone, even if it has not been removed yet
 * @throws {Problem} `not_found`, `redis_unavailable`
 */
export async function findJob(
  redis: Redis,
  keys: RedisKeys,
  id: string,
  resultTtlSeconds: number,
  tenant: string,
): Promise<JobRecord> {
  const record = await fromRedis(readJob(redis, keys, id, tenant));
  const isKept = record && !isPastRetention(record, resultTtlSeconds, Date.now());
  if (!isKept || record.data.tenant !== tenant) {
    throw new Problem('not_found', 'There is no such job, or it is no longer kept.');
  }
  return record;
}

/** Whether the job is no longer kept, even if it has not been removed yet. */
export function isPastRetention(
  record: JobRecord,
  resultTtlSeconds: number,
  nowMs: number,
): boolean {
  const { finishedAtMs } = statusOf(record, nowMs);
  return finishedAtMs !== null && finishedAtMs + resultTtlSeconds * 1_000 < nowMs;
}
