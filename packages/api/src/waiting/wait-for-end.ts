import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal } from '@promptq/shared/contracts';
import { statusOf, type JobRecord } from '@promptq/shared/jobs';
import { StoreUnavailableError } from '@promptq/store';
import type { Client, JobSubscriptions } from './subscription.ts';
import { msUntilOverdue } from './until-overdue.ts';

/** The store gives up a silent connection after 2 s, and reconnects within another 2 s. */
const reconnectGraceMs = 4_000;
const retryDelayMs = 250;

interface Wait {
  subscriptions: JobSubscriptions;
  jobId: string;
  seconds: number;
  /** Reads the job. */
  read: () => Promise<JobRecord>;
  /** The response to the client: the wait ends when the client disconnects. */
  res: Client;
}

/** The job as it is now, and whether the wait lasted as long as the client asked for. */
export interface Waited {
  record: JobRecord;
  isHonoured: boolean;
}

/**
 * Waits until a job has ended, for `seconds` at most, or until the process stops.
 * @returns `null` when the client has disconnected
 * @throws {StoreUnavailableError} also in the middle of the wait; what `read` throws
 */
export async function waitForEnd(wait: Wait): Promise<Waited | null> {
  const { subscriptions, jobId, seconds, read, res } = wait;
  const endsAtMs = performance.now() + seconds * 1_000;
  const limitedRead = () => subscriptions.limit(read);
  if (seconds === 0) return { record: await limitedRead(), isHonoured: true };
  // Subscribe first, so that one read is enough: no end of the job after it is missed. The subscription ends with the
  // response, not before: ending it costs a command that the client would wait for.
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
 * Reads the job and returns it if it has ended. A job that has not is not kept in memory: many clients wait, and an input can
 * be large.
 * @param isLast the job is returned whatever its status
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

/** Reads, and again for a moment: after an outage, the connection for subscriptions may be back before the other one. */
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
