import type { Worker } from 'bullmq';
import { logFault, type Logger } from '@promptq/shared/logging';
import { isErrorReply } from '@promptq/store';
import type { Attempt } from '../attempts/attempt.ts';
import { isLockLost } from './errors.ts';

/** What every BullMQ worker of ours is opened with. */
export const workerOptions = {
  lockDuration: 30_000,
  stalledInterval: 15_000,
  /** After an outage of Redis, ask again within a second; BullMQ's default is 15 s. */
  runRetryDelay: 1_000,
};

/** Kept back from the grace to hand unfinished jobs back and close. */
const handBackMs = 3_000;

interface Deps<Data, Result> {
  worker: Worker<Data, Result>;
  isRedisReady: () => boolean;
  /** The attempts in this process by job id. */
  running: ReadonlyMap<string, Attempt>;
  log: Logger;
  /** What a job of this queue is called in the log. */
  idName: 'job_id' | 'delivery_id';
}

export interface SupervisedWorker {
  isRunning(): boolean;
  /** How many attempts were begun here. */
  started(): number;
  /** When Redis last answered with an error: full, read-only, ... */
  redisErrorAtMs(): number;
  /** Whether this process gives its jobs back, because its time to stop is nearly over. */
  isHandingBack(): boolean;
  /** Fetches no more and resolves when no job is active here: finished, or handed back when time runs short. */
  close(endsAtMs: number): Promise<void>;
}

/** Logs a worker's faults, aborts the attempts whose lock is lost, and closes the worker in time. */
export function superviseWorker<Data, Result>(deps: Deps<Data, Result>): SupervisedWorker {
  const { worker, isRedisReady, running, log, idName } = deps;
  const type = worker.name;
  let started = 0;
  let redisErrorAtMs = 0;
  let isHandingBack = false;
  worker.on('error', (error) => {
    // During an outage each connection of BullMQ reports each try to reconnect; the store has logged the outage once.
    if (!isRedisReady()) return;
    if (isErrorReply(error)) redisErrorAtMs = Date.now();
    if (isLockLost(error))
      log.warn(
        { type },
        'a lock was lost: the job runs elsewhere, and the result from here is discarded',
      );
    else logFault(log, error, 'BullMQ reported an error', { type });
  });
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) running.get(jobId)?.abort({ kind: 'lock lost' });
  });
  worker.on('active', () => {
    started += 1;
  });
  worker.on('stalled', (jobId) =>
    log.warn({ [idName]: jobId }, 'the worker of this job is gone; it runs again'),
  );
  return {
    isRunning: () => worker.isRunning(),
    started: () => started,
    redisErrorAtMs: () => redisErrorAtMs,
    isHandingBack: () => isHandingBack,
    close: async (endsAtMs) => {
      const timer = setTimeout(
        () => {
          isHandingBack = true;
          running.forEach((attempt) => attempt.abort({ kind: 'stopping' }));
        },
        Math.max(0, endsAtMs - handBackMs - Date.now()),
      );
      try {
        // Without Redis, BullMQ would wait for the answer to its last fetch; with nothing active, nothing is lost.
        await worker.close(!isRedisReady() && running.size === 0);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
