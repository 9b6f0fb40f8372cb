import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../logging/index.ts';
import { describeError } from '../logging/index.ts';
import { writeTogether } from './write-together.ts';

const maxReconnectDelayMs = 1_000;
const apiCommandTimeoutMs = 1_500;
const connectTimeoutMs = 2_000;
const loadingRetryMs = 250;
/**
 * A connection on which an answer is owed for so long is given up and opened anew: packets may vanish without
 * a word. A worker's has to be longer than BullMQ's longest blocking command (10 s).
 */
const apiSilenceMs = 2_000;
const workerSilenceMs = 15_000;

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
    socketTimeout: apiSilenceMs,
  });
}

/**
 * A connection that waits for ever: a command given during an outage is sent when Redis is back, so
 * that a worker's finished job is still reported.
 */
export function connectPatiently(url: string, log: Logger): Redis {
  return connect(url, log, { maxRetriesPerRequest: null, socketTimeout: workerSilenceMs });
}

function connect(url: string, log: Logger, options: RedisOptions): Redis {
  const redis = new Redis(url, {
    ...options,
    connectTimeout: connectTimeoutMs,
    retryStrategy,
    // A Redis that still loads its append-only file is asked again at once, not after its own estimate (up to 10 s).
    maxLoadingRetryTime: loadingRetryMs,
    // After a failover the old primary answers READONLY, in a script's error further on: the address may lead to
    // the new one by now. 2: the command is sent again there, so that a finished job is not failed for it.
    reconnectOnError: (error) => (error.message.includes('READONLY') ? 2 : false),
  });
  redis.on('connect', () => writeTogether(redis.stream));
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

/** Redis answers, but will never take us as we are: waiting is of no use. */
const refusals = new Set(['WRONGPASS', 'NOAUTH', 'NOPERM']);

/**
 * Resolves when the connection is usable; rejects with the cause when `signal` aborts.
 * @throws {Error} when Redis refuses the user, the password or the database of the URL
 */
export async function untilReady(redis: Redis, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal.reason as Error);
  const onError = (error: Error) => {
    const { code } = describeError(error);
    if (refusals.has(String(code))) reject(new Error(`Redis refuses REDIS_URL: ${code}`));
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

/** ioredis goes on in database 0 when the one of the URL does not exist, among another deployment's keys. */
async function selectDatabase(redis: Redis): Promise<void> {
  const { db = 0 } = redis.options;
  if (db === 0) return;
  try {
    await redis.select(db);
  } catch (cause) {
    throw new Error(`Redis refuses the database ${db} of REDIS_URL`, { cause });
  }
}
