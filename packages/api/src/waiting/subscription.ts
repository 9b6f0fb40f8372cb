import pLimit from 'p-limit';
import type { JobRecord } from '@promptq/shared/jobs';
import type { JobChanges, JobNotification } from '@promptq/store';

/** The subscription of one client to one job. */
export interface Subscription {
  /** Resolves with the notifications since the last call, as soon as there is one or `ms` have passed. */
  next(ms: number): Promise<ReadonlySet<JobNotification | 'disconnected'>>;
  /** The finished job, if a notification contained it. */
  finished(): JobRecord | null;
  isStopping(): boolean;
  isDisconnected(): boolean;
  close(): void;
}

/** The response to a client. */
export interface Client {
  once(event: 'close', listener: () => void): unknown;
  /** Whether the client has disconnected or has received its response. */
  readonly closed: boolean;
}

export interface JobSubscriptions {
  /**
   * Subscribes to a job. Read the job afterwards, not before.
   * @param client when it disconnects, the notification is `disconnected`
   * @throws {StoreUnavailableError}
   */
  subscribe(jobId: string, options: { tokens: boolean }, client: Client): Promise<Subscription>;
  /**
   * Limits how many clients subscribe or read concurrently. Thousands may connect or be notified at the same time, and
   * Redis must still answer each command quickly.
   */
  limit<Answer>(read: () => Promise<Answer>): Promise<Answer>;
}

/** The longest time that a timer of Node.js can wait. */
const maxTimerMs = 2 ** 31 - 1;
const maxConcurrentReads = 100;

/** The subscriptions of all clients of this process. */
export function jobSubscriptions(changes: Pick<JobChanges, 'subscribe'>): JobSubscriptions {
  const limit = pLimit(maxConcurrentReads);
  return {
    limit,
    subscribe: async (jobId, options, client) => {
      let pending = new Set<JobNotification | 'disconnected'>();
      let wake: (() => void) | null = null;
      let isStopping = false;
      let finished: JobRecord | null = null;
      const notify = (
        notification: JobNotification | 'disconnected',
        job: JobRecord | null = null,
      ) => {
        pending.add(notification);
        finished ??= job;
        if (notification === 'stopping') isStopping = true;
        wake?.();
      };
      const close = await limit(() => changes.subscribe(jobId, options, notify));
      client.once('close', () => {
        close();
        notify('disconnected');
      });
      if (client.closed) close();
      return {
        finished: () => finished,
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
          const notifications = pending;
          pending = new Set();
          return notifications;
        },
      };
    },
  };
}
