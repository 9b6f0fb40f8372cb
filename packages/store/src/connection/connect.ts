import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '@promptq/shared/logging';
import { describeError } from '@promptq/shared/logging';
import { coalesceWrites } from './coalesce-writes.ts';

const maxReconnectDelayMs = 1_000;
const apiCommandTimeoutMs = 1_500;
const connectTimeoutMs = 2_000;
const loadingRetryMs = 250;
/**
 * A connection that does not answer for this long is closed and opened again, because packets can be lost without an
 * error. The worker's limit is longer than BullMQ's longest blocking command (10 s).
 */
const apiSilenceMs = 2_000;
const workerSilenceMs = 15_000;

/** Reconnects without end, after 50 ms, 100 ms and so on up to a second, so that work resumes soon after an outage. */
const retryStrategy = (tries: number) => Math.min(tries * 50, maxReconnectDelayMs);

/**
 * The connection of an API process. It fails fast: a command on a lost or silent connection fails within 1.5 s, so that
 * the API answers 503 and its clients do not wait.
 */
export function connectApi(url: string, log: Logger): Redis {
  return connect(url, log, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: apiCommandTimeoutMs,
    socketTimeout: apiSilenceMs,
  });
}

/**
 * The connection of a worker process. It waits without limit: a command that is given during an outage is sent when
 * Redis is back, so that the end of a job is not lost.
 */
export function connectWorker(url: string, log: Logger): Redis {
  return connect(url, log, { maxRetriesPerRequest: null, socketTimeout: workerSilenceMs });
}

function connect(url: string, log: Logger, options: RedisOptions): Redis {
  const redis = new Redis(url, {
    ...options,
    connectTimeout: connectTimeoutMs,
    retryStrategy,
    // While Redis loads its append-only file, retry after this time and not after its own estimate (up to 10 s).
    maxLoadingRetryTime: loadingRetryMs,
    // After a failover the old primary answers READONLY, and the address may already lead to the new one. 2 means:
    // reconnect and send the command again.
    reconnectOnError: (error) => (error.message.includes('READONLY') ? 2 : false),
  });
  redis.on('connect', () => coalesceWrites(redis.stream));
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

/** Error replies that do not go away with time. */
const rejections = new Set(['WRONGPASS', 'NOAUTH', 'NOPERM']);

/**
 * Resolves when the connection is usable; rejects with the cause when `signal` aborts.
 * @throws {Error} when Redis rejects the user, the password or the database of the URL
 */
export async function untilReady(redis: Redis, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal.reason as Error);
  const onError = (error: Error) => {
    const { code } = describeError(error);
    if (rejections.has(String(code)))
      reject(new Error(`Redis rejected the credentials of REDIS_URL: ${code}`));
  };
  redis.once('ready', resolve);
  redis.on('error', onError);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (redis.status !== 'ready') await promise;
    await selectDatabase(redis);
  } finally {
    redis.off('ready', resolve);
    redis.off('error', onError);
    signal.removeEventListener('abort', onAbort);
  }
}

/** Without this check, ioredis would continue in database 0, perhaps among the keys of another deployment. */
async function selectDatabase(redis: Redis): Promise<void> {
  const { db = 0 } = redis.options;
  if (db === 0) return;
  try {
    await redis.select(db);
  } catch (cause) {
    throw new Error(`Redis rejected the database ${db} of REDIS_URL`, { cause });
  }
}
