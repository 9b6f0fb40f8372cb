import type { Redis } from 'ioredis';
import { logFault, type Logger } from '@promptq/shared/logging';

/** A word may come before BullMQ has handed over the job it is about; it is kept so long. */
const rememberMs = 60_000;
const pingIntervalMs = 5_000;

export interface Cancellations {
  /** Whether a client has asked lately for this job to be cancelled. */
  isCancelled(jobId: string): boolean;
  /** Calls back when a client asks for a job to be cancelled. */
  onCancel(listener: (jobId: string) => void): void;
  /** Calls back when words may have been missed: the connection was lost in between. */
  onGap(listener: () => void): void;
  stop(): void;
}

/**
 * Hears, on a connection of its own, which jobs are to be cancelled. The word only hurries: the flag in the
 * job's data decides when a job starts.
 */
export async function subscribeToCancellations(
  subscriber: Redis,
  channel: string,
  log: Logger,
): Promise<Cancellations> {
  const cancelledAt = new Map<string, number>();
  const cancelListeners: ((jobId: string) => void)[] = [];
  const gapListeners: (() => void)[] = [];
  subscriber.on('message', (_channel, jobId: string) => {
    const nowMs = Date.now();
    for (const [id, atMs] of cancelledAt) {
      if (nowMs - atMs < rememberMs) break; // Oldest first: the rest is younger.
      cancelledAt.delete(id);
    }
    cancelledAt.set(jobId, nowMs);
    for (const listener of cancelListeners) listener(jobId);
  });
  await subscriber.subscribe(channel);
  // From here on `ready` means: again. ioredis subscribes again by itself, and then words come once more.
  subscriber.on('ready', () => {
    subscriber.subscribe(channel).then(
      () => gapListeners.forEach((listener) => listener()),
      (error: unknown) => logFault(log, error, 'could not subscribe to cancellations'),
    );
  });
  // Asked now and then, because a connection on which nothing is owed would not be missed (see connect.ts).
  const pingTimer = setInterval(() => {
    subscriber.ping().catch((error: unknown) => {
      log.debug({ err: error }, 'lost the connection for cancellations');
    });
  }, pingIntervalMs);
  return {
    stop: () => clearInterval(pingTimer),
    isCancelled: (jobId) => cancelledAt.has(jobId),
    onCancel: (listener) => cancelListeners.push(listener),
    onGap: (listener) => gapListeners.push(listener),
  };
}
