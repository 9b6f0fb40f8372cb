import type { Redis } from 'ioredis';
import { isTerminal, type JobType, type PublicJob } from '@promptq/shared/contracts';
import { describeError, type Logger } from '@promptq/shared/logging';
import type { RedisKeys } from '@promptq/shared/redis';
import { countSingleJobs } from '../queues/count-single-jobs.ts';

const sampleIntervalMs = 1_000;
const minMs = 500;
const maxMs = 60_000;

type Sample = { takenAtMs: number; waiting: number; active: number };

/** The headers that tell a client when to poll an unfinished job again; none for a finished job. */
export type PollHint = (job: PublicJob) => Record<string, string>;

/**
 * Estimates from the queue's state: each running job makes place for the next in about a second. The
 * state is sampled at most once a second, beside the requests, so that none of them waits for it. Jobs of batches
 * come after all others and are not counted.
 */
export function pollHints(redis: Redis, keys: RedisKeys, log: Logger): PollHint {
  const samples: Partial<Record<JobType, Sample>> = {};

  const sample = async (type: JobType) => {
    const before = samples[type] ?? { waiting: 0, active: 0 };
    samples[type] = { ...before, takenAtMs: Date.now() };
    try {
      const [waiting, active] = await Promise.all([
        countSingleJobs(redis, keys, type),
        redis.llen(keys.active(type)),
      ]);
      samples[type] = { takenAtMs: Date.now(), waiting, active };
    } catch (error) {
      // Only a hint. The request itself reports an outage of Redis.
      log.debug({ error: describeError(error) }, 'could not sample the queue');
    }
  };

  return (job): Record<string, string> => {
    if (isTerminal(job.status)) return {};
    const taken = samples[job.type];
    if (!taken || Date.now() - taken.takenAtMs > sampleIntervalMs) void sample(job.type);
    const ms = Math.min(maxMs, Math.max(minMs, expectedMs(job, taken)));
    return {
      'Retry-After': String(Math.ceil(ms / 1_000)),
      'openai-poll-after-ms': String(ms),
    };
  };
}

function expectedMs(job: PublicJob, sample: Sample | undefined): number {
  if (job.next_attempt_at !== null) return Date.parse(job.next_attempt_at) - Date.now();
  if (job.status === 'in_progress' || !sample) return minMs;
  return Math.ceil(sample.waiting / Math.max(1, sample.active)) * 1_000;
}
