import type { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { describeError, logFault, type Logger } from '@promptq/shared/logging';
import type { RedisKeys } from '@promptq/shared/redis';

/**
 * Why to look at a job again: it may have `changed`, or said more (`tokens`); Redis is away for longer than a
 * client should wait (`lost`); the process is `stopping`.
 */
export type JobNotification = 'changed' | 'tokens' | 'lost' | 'stopping';
type Listener = (notification: JobNotification) => void;

export interface JobSubscriptions {
  /**
   * From when this resolves no news of the job is missed, so read it then and not before. News may come although
   * nothing has changed, and after a lost connection it always comes.
   * @param options.tokens whether to hear of what a streamed job says
   * @returns what ends it; the last to leave a job ends its subscription
   * @throws the error of Redis when it is away
   */
  subscribe(jobId: string, options: { tokens: boolean }, listener: Listener): Promise<() => void>;
  /**
   * Lets those who begin to listen, or have something to read, do so a few at a time: thousands may come or be
   * told at once, and what is asked of Redis has to be answered soon (see connect.ts).
   */
  limit<Answer>(read: () => Promise<Answer>): Promise<Answer>;
  /** Tells those who hear of a job that it may have changed. */
  notify(jobId: string): void;
  close(): void;
}

interface Channel {
  listeners: Set<() => void>;
  subscribed: Promise<unknown>;
}

interface Deps {
  /** A connection of its own that subscribes to nothing again by itself. */
  subscriber: Redis;
  keys: RedisKeys;
  log: Logger;
  stopping: AbortSignal;
}

/** A connection on which nothing is owed would not be missed (see connect.ts), so it is asked this often. */
const pingIntervalMs = 1_000;
/** A connection is usually back within this; those who wait are told of an outage only then. */
const outageAfterMs = 1_500;
const maxConcurrentReads = 100;
/** As many channels are subscribed to with one command after a reconnection. */
const channelBatchSize = 1_000;

/**
 * News of jobs over one connection, however many wait for them: a channel is subscribed to once, while anybody
 * hears it, and the rest is done in memory.
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
      logFault(log, error, 'jobs cannot be heard; the connection is made anew');
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
      log.debug({ error: describeError(error) }, 'the connection for news does not answer');
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
