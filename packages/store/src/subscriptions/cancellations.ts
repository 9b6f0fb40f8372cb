import type { Redis } from 'ioredis';
import { describeError, logFault } from '@promptq/shared/logging';
import type { StoreContext } from '../context.ts';

/** How long a message is remembered: it may come before BullMQ has handed over the job. */
const rememberMs = 60_000;
/** A silent connection that is lost is only noticed when an answer is overdue (see connect.ts), so it is pinged this often. */
const pingIntervalMs = 5_000;

/** The running jobs that clients ask to cancel. */
export interface Cancellations {
  /** Whether a client has asked within the last minute for this job to be cancelled. */
  isCancelled(jobId: string): boolean;
  /** Calls back when a client asks for a job to be cancelled. */
  onCancel(listener: (jobId: string) => void): void;
  /** Calls back when messages may have been missed: the connection was lost in between. */
  onGap(listener: () => void): void;
  close(): void;
}

/**
 * Receives the ids of jobs to cancel. A message only makes it faster: the flag in the job's data decides when a job starts.
 * @param subscriber a connection of its own
 */
export async function subscribeToCancellations(
  { keys, log }: Pick<StoreContext, 'keys' | 'log'>,
  subscriber: Redis,
): Promise<Cancellations> {
  const channel = keys.cancelChannel;
  const cancelledAt = new Map<string, number>();
  const cancelListeners: ((jobId: string) => void)[] = [];
  const gapListeners: (() => void)[] = [];
  const onMessage = (_channel: string, jobId: string) => {
    const nowMs = Date.now();
    for (const [id, atMs] of cancelledAt) {
      if (nowMs - atMs < rememberMs) break; // Oldest first: the rest is younger.
      cancelledAt.delete(id);
    }
    cancelledAt.delete(jobId);
    cancelledAt.set(jobId, nowMs);
    for (const listener of cancelListeners) listener(jobId);
  };
  // After the first subscription, `ready` means a new connection. ioredis subscribes again by itself; messages count from
  // this second subscription on, so the gap is over when it is answered.
  const onReady = () => {
    subscriber.subscribe(channel).then(
      () => gapListeners.forEach((listener) => listener()),
      (error: unknown) => logFault(log, error, 'cancellations cannot be received'),
    );
  };
  subscriber.on('message', onMessage);
  await subscriber.subscribe(channel);
  subscriber.on('ready', onReady);
  const pingTimer = setInterval(() => {
    subscriber.ping().catch((error: unknown) => {
      log.debug({ error: describeError(error) }, 'the connection for cancellations was lost');
    });
  }, pingIntervalMs);
  return {
    isCancelled: (jobId) => cancelledAt.has(jobId),
    onCancel: (listener) => cancelListeners.push(listener),
    onGap: (listener) => gapListeners.push(listener),
    close: () => {
      clearInterval(pingTimer);
      subscriber.off('message', onMessage).off('ready', onReady);
    },
  };
}
