import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';

const answerWithinMs = 2000;
const retryMs = 50;

/** Connects once and sends PING. @throws {Error} with the reason, within about two seconds */
export async function ping(url: string): Promise<void> {
  await withRedis(url, (redis) => redis.ping());
}

/** Opens a connection that never retries, runs `work` on it, and closes it. */
export async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: answerWithinMs,
    commandTimeout: answerWithinMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // ioredis rejects a failed connect with "Connection is closed." and emits the reason as an event.
  let reason: Error | undefined;
  redis.on('error', (error: Error) => (reason = error));
  try {
    await redis.connect();
    return await work(redis);
  } catch (error) {
    throw reason ?? error;
  } finally {
    // A connection that was never established is closed already. Closing it again would keep a timer for two seconds.
    if (redis.status !== 'end') redis.disconnect();
  }
}

/**
 * Waits until the server answers PING. A server that is loading its data does not answer yet.
 * @param options.failure returns a reason to stop waiting, for example that the server has exited
 * @throws {Error} after `seconds`, or with the reason from `failure`
 */
export async function waitForPing(
  url: string,
  options: { seconds: number; failure: () => string | undefined },
): Promise<void> {
  const deadline = performance.now() + options.seconds * 1000;
  for (;;) {
    try {
      return await ping(url);
    } catch (error) {
      const reason = options.failure();
      if (reason !== undefined) throw new Error(reason, { cause: error });
      if (performance.now() > deadline) {
        throw new Error(`no answer to PING within ${options.seconds} s: ${messageOf(error)}`, {
          cause: error,
        });
      }
    }
    await sleep(retryMs);
  }
}

/** The URL without its password, for messages. */
export function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return '(not a URL)';
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = '***';
  return parsed.href;
}

/** The message of an error. A connection that was refused on several addresses has one message per address. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
