import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal } from '@promptq/shared/contracts';
import { statusOf, type JobRecord } from '@promptq/shared/jobs';
import { StoreUnavailableError } from '@promptq/store';
import type { Client, JobSubscriptions } from './subscription.ts';
import { msUntilOverdue } from './until-overdue.ts';

/** The store closes a silent connection after 2 s and reconnects within another 2 s. */
const reconnectGraceMs = 4_000;
const retryDelayMs = 250;

interface Wait {
  subscriptions: JobSubscriptions;
  jobId: string;
  seconds: number;
  /** Reads the job. */
  read: () => Promise<JobRecord>;
  /** The response. The wait ends when its client disconnects. */
  res: Client;
}

/** The job, and whether the wait was as long as the client requested. */
export interface Waited {
  record: JobRecord;
  isHonoured: boolean;
}

/**
 * Waits until a job has ended, the process stops, or `seconds` have passed.
 * @returns `null` when the client has disconnected
 * @throws {StoreUnavailableError} also during the wait; and everything that `read` throws
 */
export async function waitForEnd(wait: Wait): Promise<Waited | null> {
  const { subscriptions, jobId, seconds, read, res } = wait;
  const endsAtMs = performance.now() + seconds * 1_000;
  const limitedRead = () => subscriptions.limit(read);
  if (seconds === 0) return { record: await limitedRead(), isHonoured: true };
  // Subscribe first, so that one read is enough and no later end of the job is missed. The subscription ends after the
  // response, because ending it is a command that the client would wait for.
  const subscription = await subscriptions.subscribe(jobId, { tokens: false }, res);
  for (;;) {
    const isTimedOut = performance.now() >= endsAtMs;
    const isStopping = subscription.isStopping();
    const result = await readIfEnded(() => readWithRetry(limitedRead), isTimedOut || isStopping);
    if (subscription.isDisconnected()) return null;
    if (typeof result !== 'number') {
      const isHonoured = isTimedOut || isTerminal(statusOf(result.record).status);
      return { ...result, isHonoured };
    }
    const notifications = await subscription.next(Math.min(endsAtMs - performance.now(), result));
    if (notifications.has('lost')) throw new StoreUnavailableError();
    // The first read has shown that the job is the caller's.
    const finished = subscription.finished();
    if (finished && !subscription.isDisconnected()) return { record: finished, isHonoured: true };
  }
}

/**
 * Reads the job and returns it if it has ended. An unfinished job is not kept in memory, because many clients may wait
 * and inputs can be large.
 * @param isLast returns the job in any status
 * @returns the job, or the milliseconds after which to read it again when no notification comes
 */
async function readIfEnded(
  read: () => Promise<JobRecord>,
  isLast: boolean,
): Promise<Waited | number> {
  const record = await read();
  if (isLast || isTerminal(statusOf(record).status)) return { record, isHonoured: true };
  return msUntilOverdue(record, Date.now());
}

/** Reads with retries, because after an outage the connection for subscriptions may be back before the other one. */
async function readWithRetry(read: () => Promise<JobRecord>): Promise<JobRecord> {
  const giveUpAtMs = performance.now() + reconnectGraceMs;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const isUnavailable = error instanceof StoreUnavailableError;
      if (!isUnavailable || performance.now() > giveUpAtMs) throw error;
      await delay(retryDelayMs);
    }
  }
}
