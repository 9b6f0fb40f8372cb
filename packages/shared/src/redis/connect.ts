import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../logging/index.ts';
import { describeError } from '../logging/index.ts';

const maxReconnectDelayMs = 1_000;
const apiCommandTimeoutMs = 1_500;
const connectTimeoutMs = 5_000;

/** Reconnects soon and for ever: 50 ms, 100 ms, ... capped at a second, so an outage's end is noticed at once. */
const retryStrategy = (tries: number) => Math.min(tries * 50, maxReconnectDelayMs);

/**
 * A connection that fails fast: a command on a lost or silent connection is refused within 1.5 s, so
 * that the API can answer 503 instead of holding its clients.
 */
export function connectFailingFast(url: string, log: Logger): Redis {
  return connect(url, log, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: apiCommandTimeoutMs,
  });
}

/**
 * A connection that waits for ever: a command given during an outage is sent when Redis is back, so
 * that a worker's finished job is still reported.
 */
export function connectPatiently(url: string, log: Logger): Redis {
  return connect(url, log, { maxRetriesPerRequest: null });
}

function connect(url: string, log: Logger, options: RedisOptions): Redis {
  const redis = new Redis(url, {
    ...options,
    connectTimeout: connectTimeoutMs,
    retryStrategy,
    // After a failover the old primary answers READONLY: the address may lead to the new one by now.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  let reachable = true;
  redis.on('error', (error) => {
    if (reachable)
      log.error({ error: describeError(error) }, 'Redis is not reachable; reconnecting');
    reachable = false;
  });
  redis.on('ready', () => {
    if (!reachable) log.info('Redis is reachable again');
    reachable = true;
  });
  return redis;
}

/** Resolves when the connection is usable; rejects with the cause when `signal` aborts. */
export async function untilReady(redis: Redis, signal: AbortSignal): Promise<void> {
  if (redis.status === 'ready') return;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal.reason as Error);
  redis.once('ready', resolve);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await promise;
  } finally {
    redis.off('ready', resolve);
    signal.removeEventListener('abort', onAbort);
  }
}
