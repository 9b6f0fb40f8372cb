import type { Redis } from 'ioredis';
import type { JobRecord } from '@promptq/shared/jobs';
import { describeError, logFault } from '@promptq/shared/logging';
import type { StoreContext } from '../context.ts';
import { toStoreError } from '../store-error.ts';
import { finishedJobOf } from './wake-up.ts';

/**
 * Why to read a job again: it may have `changed`; it has more output (`tokens`); Redis is away for longer than a client
 * should wait (`lost`); the process is `stopping`.
 */
export type JobNotification = 'changed' | 'tokens' | 'lost' | 'stopping';
/** @param finished with `changed`, the job as it is at its end, when it is known */
type Listener = (notification: JobNotification, finished: JobRecord | null) => void;

/** Notifications about jobs over one connection, however many clients wait for them. */
export interface JobChanges {
  /**
   * From when this resolves no change of the job is missed, so read the job then and not before. A notification may come
   * although nothing has changed, and one always comes after a lost connection.
   * @param options.tokens whether to be notified of the output of a streamed job
   * @returns ends the subscription
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

/** A silent connection that is lost is only noticed when an answer is overdue (see connect.ts), so it is pinged this often. */
const pingIntervalMs = 1_000;
/** A connection is usually back within this; subscribers are notified of an outage only then. */
const outageAfterMs = 1_500;
/** So many channels are subscribed to with one command after a reconnection. */
const channelBatchSize = 1_000;

/**
 * Each channel is subscribed to once, while anybody listens to it; the rest is done in memory.
 * @param subscriber a connection of its own that does not subscribe again by itself
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
    // The cancellation of a running job is published to the workers only, and changes what clients see of the job.
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
    // What was published in between is lost.
    notifyAll('changed');
    notifyAll('tokens');
  };
  const onReady = () => {
    resubscribe().catch((error: unknown) => {
      logFault(log, error, 'changes of jobs cannot be received; reconnecting');
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
    // On a lost connection there is nothing to end: only the channels with listeners are subscribed to again.
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
