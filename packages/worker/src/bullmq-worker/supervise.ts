import type { Worker } from 'bullmq';
import { logFault, type Logger } from '@promptq/shared/logging';
import { isErrorReply } from '@promptq/store';
import type { Attempt } from '../attempts/attempt.ts';
import { isLockLost } from './errors.ts';

/** The options of every BullMQ worker in promptq. */
export const workerOptions = {
  lockDuration: 30_000,
  stalledInterval: 15_000,
  /** After an outage of Redis, retry within a second. BullMQ's default is 15 s. */
  runRetryDelay: 1_000,
};

/** The part of the grace period that is reserved to hand unfinished jobs back and close. */
const handBackMs = 3_000;

interface Deps<Data, Result> {
  worker: Worker<Data, Result>;
  isRedisReady: () => boolean;
  /** The attempts in this process by job id. */
  running: ReadonlyMap<string, Attempt>;
  log: Logger;
  /** The name of the job id in the log. */
  idName: 'job_id' | 'delivery_id';
}

export interface SupervisedWorker {
  isRunning(): boolean;
  /** How many attempts this worker has started. */
  started(): number;
  /** When Redis last replied with an error, for example because it is full or read-only. */
  redisErrorAtMs(): number;
  /** Whether this process hands its jobs back because it is about to stop. */
  isHandingBack(): boolean;
  /**
   * Stops fetching jobs. Resolves when no job is active in this process: finished, or handed back if time runs short.
   */
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
    // During an outage, each connection of BullMQ reports every reconnection. The store has logged the outage once.
    if (!isRedisReady()) return;
    if (isErrorReply(error)) redisErrorAtMs = Date.now();
    if (isLockLost(error))
      log.warn(
        { type },
        'lost the lock of a job: another worker runs it, and the result of this worker is discarded',
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
    log.warn({ [idName]: jobId }, 'the worker of this job is gone; the job runs again'),
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
        // Without Redis, BullMQ would wait for the reply to its last fetch. With no active job, nothing is lost.
        await worker.close(!isRedisReady() && running.size === 0);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
