import type { Redis } from 'ioredis';
import type { JobRecord } from '@promptq/shared/jobs';
import { describeError, logFault } from '@promptq/shared/logging';
import type { StoreContext } from '../context.ts';
import { toStoreError } from '../store-error.ts';
import { finishedJobOf } from './wake-up.ts';

/**
 * The reason to read a job again: it may have `changed`; it has more output (`tokens`); Redis has been unreachable for
 * longer than a client should wait (`lost`); the process is `stopping`.
 */
export type JobNotification = 'changed' | 'tokens' | 'lost' | 'stopping';
/** @param finished the finished job, if a `changed` notification contained it */
type Listener = (notification: JobNotification, finished: JobRecord | null) => void;

/** Notifications about jobs, over one connection for all clients. */
export interface JobChanges {
  /**
   * Subscribes to the changes of a job. No change is missed after this resolves, so read the job then and not before. A
   * notification may come without a change, and one always comes after a lost connection.
   * @param options.tokens whether to be notified of the output of a streamed job
   * @returns a function that ends the subscription
   * @throws {StoreUnavailableError}
   */
  subscribe(jobId: string, options: { tokens: boolean }, listener: Listener): Promise<() => void>;
  /** Notifies the subscribers of a job in this process that it may have changed. */
  notify(jobId: string): void;
  close(): void;
}

interface Channel {
  listeners: Set<(finished: JobRecord | null) => void>;
  subscribed: Promise<unknown>;
}

/**
 * How often the connection is pinged. An idle connection that is lost is noticed only by a missing answer (see
 * connect.ts).
 */
const pingIntervalMs = 1_000;
/** Subscribers are notified of an outage after this time. Connections are usually back sooner. */
const outageAfterMs = 1_500;
/** How many channels one command subscribes to after a reconnection. */
const channelBatchSize = 1_000;

/**
 * Opens the notifications about jobs. A channel with listeners is subscribed to once; listeners are notified in memory.
 * @param subscriber a separate connection, without ioredis's automatic resubscription
 * @param stopping aborted when the process begins to stop
 */
export function openJobChanges(
  { keys, log }: Pick<StoreContext, 'keys' | 'log'>,
  subscriber: Redis,
  stopping: AbortSignal,
): JobChanges {
  const channels = new Map<string, Channel>();
  const listeners = new Set<Listener>();
  let outage: NodeJS.Timeout | undefined;

  const notifyAll = (notification: JobNotification) => {
    for (const listener of listeners) listener(notification, null);
  };
  const notifyListeners = (name: string, finished: JobRecord | null) => {
    for (const listener of channels.get(name)?.listeners ?? []) listener(finished);
  };
  const onMessage = (name: string, message: string) => {
    // The cancellation of a running job is published only on the workers' channel, but it also changes the public job.
    if (name === keys.cancelChannel) notifyListeners(keys.wakeUpChannel(message), null);
    else
      notifyListeners(
        name,
        name.startsWith(keys.wakeUpChannel('')) ? finishedJobOf(message) : null,
      );
  };
  const resubscribe = async () => {
    const names = [keys.cancelChannel, ...channels.keys()];
    for (let at = 0; at < names.length; at += channelBatchSize) {
      await subscriber.subscribe(...names.slice(at, at + channelBatchSize));
    }
    clearTimeout(outage);
    outage = undefined;
    // Messages that were published during the outage are lost.
    notifyAll('changed');
    notifyAll('tokens');
  };
  const onReady = () => {
    resubscribe().catch((error: unknown) => {
      logFault(log, error, 'could not subscribe to the changes of jobs; reconnecting');
      subscriber.disconnect(true);
    });
  };
  const onClose = () => {
    outage ??= setTimeout(() => notifyAll('lost'), outageAfterMs);
  };
  const onStopping = () => notifyAll('stopping');

  subscriber.on('message', onMessage);
  subscriber.on('ready', onReady);
  subscriber.on('close', onClose);
  if (subscriber.status === 'ready') onReady();
  stopping.addEventListener('abort', onStopping, { once: true });
  const pingTimer = setInterval(() => {
    if (subscriber.status !== 'ready') return;
    subscriber.ping().catch((error: unknown) => {
      log.debug(
        { error: describeError(error) },
        'the connection for subscriptions does not answer',
      );
    });
  }, pingIntervalMs);

  const join = async (name: string, listener: (finished: JobRecord | null) => void) => {
    let channel = channels.get(name);
    if (!channel) {
      channel = { listeners: new Set(), subscribed: subscriber.subscribe(name) };
      channels.set(name, channel);
    }
    channel.listeners.add(listener);
    await channel.subscribed;
  };
  const leave = (name: string, listener: (finished: JobRecord | null) => void) => {
    const channel = channels.get(name);
    if (!channel?.listeners.delete(listener) || channel.listeners.size > 0) return;
    channels.delete(name);
    // On a lost connection there is nothing to unsubscribe: only channels with listeners are subscribed to again.
    subscriber.unsubscribe(name).catch(() => undefined);
  };
  return {
    subscribe: async (jobId, { tokens }, listener) => {
      const onChange = (finished: JobRecord | null) => listener('changed', finished);
      const onTokens = () => listener('tokens', null);
      const end = () => {
        listeners.delete(listener);
        leave(keys.wakeUpChannel(jobId), onChange);
        if (tokens) leave(keys.output(jobId), onTokens);
      };
      listeners.add(listener);
      try {
        const joining = [join(keys.wakeUpChannel(jobId), onChange)];
        if (tokens) joining.push(join(keys.output(jobId), onTokens));
        await Promise.all(joining);
      } catch (error) {
        end();
        throw toStoreError(error);
      }
      if (stopping.aborted) listener('stopping', null);
      return end;
    },
    notify: (jobId) => notifyListeners(keys.wakeUpChannel(jobId), null),
    close: () => {
      clearInterval(pingTimer);
      clearTimeout(outage);
      stopping.removeEventListener('abort', onStopping);
      subscriber.off('message', onMessage).off('ready', onReady).off('close', onClose);
    },
  };
}
