import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { RedisKeys } from '@promptq/shared/redis';
import { describeError, logFault, type Logger } from '@promptq/shared/logging';

import { sweepIndex } from './index-sweep.ts';
import { sweepOpenJobs } from './open-jobs-sweep.ts';

/**
 * How often each process tries to sweep; one of them does. Together with the length of a sweep, this is how late a
 * finished job may be removed.
 */
const sweepIntervalMs = 60_000;
/** The duration of the lease, also if its holder dies. */
const leaseMs = 5 * 60 * 1_000;
const jobBatchSize = 1_000;

/** A queue, and for how many seconds it keeps what has ended. */
interface Swept {
  queue: Pick<Queue, 'clean' | 'name'>;
  keepSeconds: { completed: number; failed: number };
}

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  queues: Swept[];
  /** Of jobs. */
  resultTtlSeconds: number;
  workerName: string;
  log: Logger;
}

/**
 * Removes finished jobs when their time is over. BullMQ does so only when another job finishes, so the last
 * jobs of a quiet queue would stay, and their prompts with them.
 * @returns stops it
 */
export function startSweeper(deps: Deps): () => void {
  const { log } = deps;
  let isSweeping = false;
  const timer = setInterval(() => {
    if (isSweeping || deps.redis.status !== 'ready') return;
    isSweeping = true;
    sweepIfLeader(deps)
      .catch((error: unknown) => {
        if (deps.redis.status === 'ready') logFault(log, error, 'could not remove finished jobs');
        else log.debug({ error: describeError(error) }, 'lost Redis during a sweep');
      })
      .finally(() => {
        isSweeping = false;
      });
  }, sweepIntervalMs);
  return () => clearInterval(timer);
}

/** Sweeps when no other process has done so within `leaseMs`. */
export async function sweepIfLeader(deps: Deps): Promise<void> {
  const { redis, keys, workerName, queues, resultTtlSeconds, log } = deps;
  if ((await redis.set(keys.sweep, workerName, 'PX', leaseMs, 'NX')) === null) return;
  for (const { queue, keepSeconds } of queues) {
    for (const state of ['completed', 'failed'] as const) {
      let removed = jobBatchSize;
      let all = 0;
      while (removed === jobBatchSize) {
        removed = (await queue.clean(keepSeconds[state] * 1_000, jobBatchSize, state)).length;
        all += removed;
      }
      if (all > 0) log.info({ type: queue.name, state, jobs: all }, 'removed finished jobs');
    }
  }
  // After the jobs: what went just now leaves the index with it.
  await sweepIndex(redis, keys, resultTtlSeconds);
  const freed = await sweepOpenJobs(redis, keys);
  if (freed > 0) log.info({ jobs: freed }, 'freed slots of tenants whose jobs are gone');
}
