import { fromRedis } from '../problems/store-unavailable.ts';
import type { JobSubscriptions, JobNotification } from '../live/open-live.ts';

/** Notifications about one job for one client, kept until they are read. `disconnected` means that the client has left. */
export interface Subscription {
  /** The notifications since the last call. Waits for the first one for at most `ms`. */
  next(ms: number): Promise<ReadonlySet<JobNotification | 'disconnected'>>;
  isStopping(): boolean;
  isDisconnected(): boolean;
  /** Ends the subscription. */
  close(): void;
}

/** The pending response to a client. */
export interface Client {
  once(event: 'close', listener: () => void): unknown;
  /** Whether the client has left or has its response. */
  readonly closed: boolean;
}

/** The maximum delay of a Node.js timer. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Subscribes to a job. Read the job after this resolves, not before.
 * @param client its disconnection is a notification as well
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
