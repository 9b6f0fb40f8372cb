import type { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { describeError, logFault, type Logger } from '@promptq/shared/logging';
import type { RedisKeys } from '@promptq/shared/redis';

/**
 * Why to read a job again: it may have `changed` or have more output (`tokens`); Redis has been unavailable for longer
 * than a client should wait (`lost`); the process is `stopping`.
 */
export type JobNotification = 'changed' | 'tokens' | 'lost' | 'stopping';
type Listener = (notification: JobNotification) => void;

export interface JobSubscriptions {
  /**
   * Once this resolves, no notification is missed, so read the job then and not before. A notification may come
   * although nothing changed, and always comes after a lost connection.
   * @param options.tokens whether to be notified of streamed output
   * @returns what ends it; the last to leave a job ends its subscription
   * @throws the error of Redis when it is away
   */
  subscribe(jobId: string, options: { tokens: boolean }, listener: Listener): Promise<() => void>;
  /**
   * Limits the concurrent reads and subscriptions: thousands of clients may come or be notified at once, and Redis must
   * answer each command soon (see connect.ts).
   */
  limit<Answer>(read: () => Promise<Answer>): Promise<Answer>;
  /** Notifies the subscribers of a job that it may have changed. */
  notify(jobId: string): void;
  close(): void;
}

interface Channel {
  listeners: Set<() => void>;
  subscribed: Promise<unknown>;
}

interface Deps {
  /** A connection of its own that does not resubscribe by itself. */
  subscriber: Redis;
  keys: RedisKeys;
  log: Logger;
  stopping: AbortSignal;
}

/** A connection on which nothing is owed would not be missed (see connect.ts), so it is asked this often. */
const pingIntervalMs = 1_000;
/** A connection is usually back within this time. Clients are notified of an outage only after it. */
const outageAfterMs = 1_500;
const maxConcurrentReads = 100;
/** As many channels are subscribed to with one command after a reconnection. */
const channelBatchSize = 1_000;

/**
 * Notifications about jobs over one connection for any number of clients. Each channel is subscribed to once, while it
 * has listeners.
 */
export function openJobSubscriptions({ subscriber, keys, log, stopping }: Deps): JobSubscriptions {
  const channels = new Map<string, Channel>();
  const listeners = new Set<Listener>();
  let outage: NodeJS.Timeout | undefined;

  const notifyAll = (notification: JobNotification) => {
    for (const listener of listeners) listener(notification);
  };
  const notifyListeners = (name: string) => {
    for (const listener of channels.get(name)?.listeners ?? []) listener();
  };
  const onMessage = (name: string, message: string) => {
    // A queued job that a client cancels is cancelled at once, before any worker has settled it.
    notifyListeners(name === keys.cancel ? keys.wakeUp(message) : name);
  };
  const resubscribe = async () => {
    const names = [keys.cancel, ...channels.keys()];
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
      logFault(log, error, 'could not subscribe to job changes; reconnecting');
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
      log.debug({ error: describeError(error) }, 'the connection for job changes does not answer');
    });
  }, pingIntervalMs);

  const join = async (name: string, listener: () => void) => {
    let channel = channels.get(name);
    if (!channel) {
      channel = { listeners: new Set(), subscribed: subscriber.subscribe(name) };
      channels.set(name, channel);
    }
    channel.listeners.add(listener);
    await channel.subscribed;
  };
  const leave = (name: string, listener: () => void) => {
    const channel = channels.get(name);
    if (!channel?.listeners.delete(listener) || channel.listeners.size > 0) return;
    channels.delete(name);
    // On a connection that is lost there is nothing to end: only what is heard then is subscribed to again.
    subscriber.unsubscribe(name).catch(() => undefined);
  };
  return {
    subscribe: async (jobId, { tokens }, listener) => {
      const onChange = () => listener('changed');
      const onTokens = () => listener('tokens');
      const end = () => {
        listeners.delete(listener);
        leave(keys.wakeUp(jobId), onChange);
        if (tokens) leave(keys.tokens(jobId), onTokens);
      };
      listeners.add(listener);
      try {
        const entering = [join(keys.wakeUp(jobId), onChange)];
        if (tokens) entering.push(join(keys.tokens(jobId), onTokens));
        await Promise.all(entering);
      } catch (error) {
        end();
        throw error;
      }
      if (stopping.aborted) listener('stopping');
      return end;
    },
    limit: pLimit(maxConcurrentReads),
    notify: (jobId) => notifyListeners(keys.wakeUp(jobId)),
    close: () => {
      clearInterval(pingTimer);
      clearTimeout(outage);
      stopping.removeEventListener('abort', onStopping);
      subscriber.off('message', onMessage).off('ready', onReady).off('close', onClose);
    },
  };
}
