import type { Redis } from 'ioredis';
import { describeError, logFault } from '@promptq/shared/logging';
import type { StoreContext } from '../context.ts';

/** How long a message is remembered: it may come before BullMQ has handed over the job. */
const rememberMs = 60_000;
/**
 * How often the connection is pinged. An idle connection that is lost is noticed only by a missing answer (see
 * connect.ts).
 */
const pingIntervalMs = 5_000;

/** The requests of clients to cancel running jobs. */
export interface Cancellations {
  /** Whether a client requested the cancellation of this job within the last minute. */
  isCancelled(jobId: string): boolean;
  /** Calls back when a client requests the cancellation of a job. */
  onCancel(listener: (jobId: string) => void): void;
  /** Calls back after the connection was lost, because messages may have been missed. */
  onGap(listener: () => void): void;
  close(): void;
}

/**
 * Receives the ids of jobs to cancel. The messages only make a cancellation faster; when a job starts, the flag in its
 * data decides.
 * @param subscriber a separate connection
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
      if (nowMs - atMs < rememberMs) break; // The oldest come first.
      cancelledAt.delete(id);
    }
    cancelledAt.delete(jobId);
    cancelledAt.set(jobId, nowMs);
    for (const listener of cancelListeners) listener(jobId);
  };
  // After the first subscription, `ready` means a new connection. ioredis also subscribes again by itself, but does not
  // report when it has. The gap is over when this second subscription is answered.
  const onReady = () => {
    subscriber.subscribe(channel).then(
      () => gapListeners.forEach((listener) => listener()),
      (error: unknown) => logFault(log, error, 'could not subscribe to cancellations'),
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
