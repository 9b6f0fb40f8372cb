import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal } from '@promptq/shared/contracts';
import { statusOf, type JobRecord } from '@promptq/shared/jobs';
import { redisUnavailable } from '../problems/store-unavailable.ts';
import { Problem } from '../problems/problem.ts';
import { subscribe, type Client } from './subscription.ts';
import type { JobSubscriptions } from '../live/open-live.ts';

/** A silent connection is closed after 2 s (see connect.ts) and reopened within another 2 s. */
const reconnectGraceMs = 4_000;
const retryDelayMs = 250;

interface Wait {
  subscriptions: JobSubscriptions;
  jobId: string;
  seconds: number;
  /** Reads the job. */
  read: () => Promise<JobRecord>;
  /** The pending response. If the client leaves, the wait ends at once. */
  res: Client;
}

/** The job as it is now, and whether the requested wait was honoured. */
export interface Waited {
  record: JobRecord;
  isHonoured: boolean;
}

/**
 * Waits until a job finishes, the wait is over or the process stops.
 * @returns `null` when the client has left
 * @throws {Problem} `redis_unavailable` when Redis is away, also in the middle of the wait; what `read` throws
 */
export async function waitForEnd(wait: Wait): Promise<Waited | null> {
  const { subscriptions, jobId, seconds, read, res } = wait;
  const endsAtMs = performance.now() + seconds * 1_000;
  // Many jobs have already finished when they are read. These need no subscription.
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
 * Reads the job. An unfinished one is not kept in memory, because many requests wait and inputs can be large.
 * @param isLast whether to return the job in any status
 * @returns the job, or the milliseconds until it expires
 */
async function readIfEnded(
  read: () => Promise<JobRecord>,
  isLast: boolean,
): Promise<Waited | number> {
  const record = await read();
  const nowMs = Date.now();
  if (isLast || isTerminal(statusOf(record, nowMs).status)) return { record, isHonoured: true };
  // A job expires by the clock, without a notification.
  return record.startedAtMs === null ? record.startByMs + 1 - nowMs : Infinity;
}

/**
 * Reads the job and retries briefly during an outage: after a lost connection, the one for notifications may be back
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
