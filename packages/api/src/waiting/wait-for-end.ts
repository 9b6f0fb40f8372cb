import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal } from '@promptq/shared/contracts';
import { statusOf, type JobRecord } from '@promptq/shared/jobs';
import { redisUnavailable } from '../problems/store-unavailable.ts';
import { Problem } from '../problems/problem.ts';
import { subscribe, type Client } from './subscription.ts';
import type { JobSubscriptions } from '../live/open-live.ts';

/** A silent connection is given up after 2 s (see connect.ts), and opened anew in another. */
const reconnectGraceMs = 4_000;
const retryDelayMs = 250;

interface Wait {
  subscriptions: JobSubscriptions;
  jobId: string;
  seconds: number;
  /** Reads the job. */
  read: () => Promise<JobRecord>;
  /** The answer that is owed; when the client leaves, its place is free at once. */
  res: Client;
}

/** The job as it is now, and whether the wait lasted as long as was asked for. */
export interface Waited {
  record: JobRecord;
  isHonoured: boolean;
}

/**
 * Waits until a job has ended, for so many seconds at most, or until the process stops.
 * @returns `null` when the client has left
 * @throws {Problem} `redis_unavailable` when Redis is away, also in the middle of the wait; what `read` throws
 */
export async function waitForEnd(wait: Wait): Promise<Waited | null> {
  const { subscriptions, jobId, seconds, read, res } = wait;
  const endsAtMs = performance.now() + seconds * 1_000;
  // Most are asked for again when they have ended long ago: nobody has to listen for that.
  const limitedRead = () => subscriptions.limit(read);
  const immediate = await readIfEnded(limitedRead, seconds === 0);
  if (typeof immediate !== 'number') return immediate;
  const subscription = await subscribe(subscriptions, jobId, { tokens: false }, res);
  try {
    for (;;) {
      const isTimedOut = performance.now() >= endsAtMs;
      const isStopping = subscription.isStopping();
      const result = await readIfEnded(() => readWithRetry(limitedRead), isTimedOut || isStopping);
      if (subscription.isDisconnected()) return null;
      if (typeof result !== 'number') {
        const isHonoured = isTimedOut || isTerminal(statusOf(result.record, Date.now()).status);
        return { ...result, isHonoured };
      }
      const notifications = await subscription.next(Math.min(endsAtMs - performance.now(), result));
      if (notifications.has('lost')) throw redisUnavailable();
    }
  } finally {
    subscription.close();
  }
}

/**
 * Looks whether the job has ended. Nothing of it is kept while it has not: many wait, and an input can be large.
 * @param isLast the job is taken as it is
 * @returns the job, or the milliseconds until it expires if nothing else happens to it
 */
async function readIfEnded(
  read: () => Promise<JobRecord>,
  isLast: boolean,
): Promise<Waited | number> {
  const record = await read();
  const nowMs = Date.now();
  if (isLast || isTerminal(statusOf(record, nowMs).status)) return { record, isHonoured: true };
  // A job that may not start any more is expired by the clock: nothing is published then.
  return record.startedAtMs === null ? record.startByMs + 1 - nowMs : Infinity;
}

/**
 * Reads, and again for a moment when Redis does not answer: after a lost connection the one for news may be back
 * before the one for reading.
 */
async function readWithRetry(read: () => Promise<JobRecord>): Promise<JobRecord> {
  const giveUpAtMs = performance.now() + reconnectGraceMs;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const isAway = error instanceof Problem && error.code === 'redis_unavailable';
      if (!isAway || performance.now() > giveUpAtMs) throw error;
      await delay(retryDelayMs);
    }
  }
}
