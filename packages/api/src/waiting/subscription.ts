import { fromRedis } from '../problems/store-unavailable.ts';
import type { JobSubscriptions, JobNotification } from '../live/open-live.ts';

/** News of one job for one client, kept until it is asked for. `disconnected`: the client has left. */
export interface Subscription {
  /** What has come since it was last asked for, once there is something or `ms` have passed. */
  next(ms: number): Promise<ReadonlySet<JobNotification | 'disconnected'>>;
  isStopping(): boolean;
  isDisconnected(): boolean;
  /** Frees the place. */
  close(): void;
}

/** The answer that is owed to a client. */
export interface Client {
  once(event: 'close', listener: () => void): unknown;
  /** Whether the client has left, or has its answer. */
  readonly closed: boolean;
}

/** A timer of Node.js cannot wait for longer. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Begins to hear of a job: read it afterwards, not before.
 * @param client whose leaving is news as well
 * @throws {Problem} `redis_unavailable`
 */
export async function subscribe(
  subscriptions: JobSubscriptions,
  jobId: string,
  options: { tokens: boolean },
  client: Client,
): Promise<Subscription> {
  let pending = new Set<JobNotification | 'disconnected'>();
  let wake: (() => void) | null = null;
  let isStopping = false;
  const notify = (notification: JobNotification | 'disconnected') => {
    pending.add(notification);
    if (notification === 'stopping') isStopping = true;
    wake?.();
  };
  const unsubscribe = await subscriptions.limit(() =>
    fromRedis(subscriptions.subscribe(jobId, options, notify)),
  );
  const close = () => unsubscribe();
  client.once('close', () => {
    close();
    notify('disconnected');
  });
  if (client.closed) close();
  return {
    isStopping: () => isStopping,
    isDisconnected: () => client.closed,
    close,
    next: async (ms) => {
      if (pending.size === 0 && !client.closed) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, Math.min(Math.max(0, ms), maxTimerMs));
        await promise;
        clearTimeout(timer);
        wake = null;
      }
      const notification = pending;
      pending = new Set();
      return notification;
    },
  };
}
