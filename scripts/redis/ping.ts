import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';

const answerWithinMs = 2000;
const retryMs = 50;

/** Connects once and sends PING; rejects with the reason when that fails, within about two seconds. */
export async function ping(url: string): Promise<void> {
  await withRedis(url, (redis) => redis.ping());
}

/** Opens a connection that never retries, runs `work` on it and closes it. */
export async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: answerWithinMs,
    commandTimeout: answerWithinMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // ioredis rejects a failed connect with "Connection is closed." and tells the reason only in its event.
  let reason: Error | undefined;
  redis.on('error', (error: Error) => (reason = error));
  try {
    await redis.connect();
    return await work(redis);
  } catch (error) {
    throw reason ?? error;
  } finally {
    // A connection that never came about is closed already; closing it again would keep a timer for two seconds.
    if (redis.status !== 'end') redis.disconnect();
  }
}

/**
 * Waits until the server answers PING (a server that still loads its data does not). Rejects after `seconds`, or at once
 * when `giveUp` names a reason, for example that the server has died.
 */
export async function waitForPing(
  url: string,
  options: { seconds: number; giveUp: () => string | undefined },
): Promise<void> {
  const deadline = performance.now() + options.seconds * 1000;
  for (;;) {
    try {
      return await ping(url);
    } catch (error) {
      const reason = options.giveUp();
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

/** The URL without its password, for people to read. */
export function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return '(not a URL)';
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = '***';
  return parsed.href;
}

/** What went wrong, in one line; a connection refused on several addresses has its text in the parts. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
