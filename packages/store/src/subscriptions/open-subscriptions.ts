import type { Redis, RedisOptions } from 'ioredis';
import { untilReady } from '../connection/index.ts';
import type { StoreContext } from '../context.ts';
import { toStoreError } from '../store-error.ts';
import { subscribeToCancellations, type Cancellations } from './cancellations.ts';
import { openJobChanges, type JobChanges } from './job-changes.ts';
import { pollChanges, type PolledChanges } from './poll-changes.ts';

/** The subscriptions of a process. Each is opened once, on first use, and ends with the store. */
export interface Subscriptions {
  /**
   * For an API process. Call it before the store is started.
   * @param stopping aborted when the process begins to stop
   */
  jobChanges(stopping: AbortSignal): JobChanges;
  /** For an API process. */
  polledChanges(): PolledChanges;
  /** For a worker process. @throws {StoreUnavailableError} */
  cancellations(): Promise<Cancellations>;
}

export interface OpenSubscriptions {
  verbs: Subscriptions;
  /** Resolves when the connections that were opened so far are usable. */
  untilReady(signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Opens the subscriptions. They have separate connections, because a connection that subscribes can send no other
 * command.
 */
export function openSubscriptions(context: StoreContext): OpenSubscriptions {
  const connections: Redis[] = [];
  const open: { close(): void }[] = [];
  const connect = (options: Partial<RedisOptions>) => {
    const subscriber = context.redis.duplicate(options);
    subscriber.on('error', () => undefined); // The store's first connection logs the same outage.
    connections.push(subscriber);
    return subscriber;
  };
  const opened = <Opened extends { close(): void }>(subscription: Opened): Opened => {
    open.push(subscription);
    return subscription;
  };
  let changes: JobChanges | undefined;
  let polled: PolledChanges | undefined;
  let cancellations: Promise<Cancellations> | undefined;
  return {
    verbs: {
      jobChanges: (stopping) =>
        (changes ??= opened(
          openJobChanges(context, connect({ autoResubscribe: false }), stopping),
        )),
      polledChanges: () => (polled ??= opened(pollChanges(context))),
      cancellations: async () => {
        try {
          return await (cancellations ??= subscribeToCancellations(context, connect({})).then(
            opened,
          ));
        } catch (fault) {
          throw toStoreError(fault);
        }
      },
    },
    untilReady: async (signal) => {
      await Promise.all(connections.map((connection) => untilReady(connection, signal)));
    },
    close: () => {
      for (const subscription of open) subscription.close();
      for (const connection of connections) connection.disconnect();
    },
  };
}
