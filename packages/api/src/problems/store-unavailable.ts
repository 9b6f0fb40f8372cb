import { ReplyError } from 'ioredis';
import { ZodError } from 'zod';
import { Problem } from './problem.ts';

/** Redis is up but cannot serve now: the first word of its error is its code (Redis protocol, "Simple errors"). */
const passingReplies = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'NOSCRIPT',
  'OOM',
  'READONLY',
  'TRYAGAIN',
]);
const retryAfterSeconds = 2;

/**
 * Awaits what Redis answers. An outage of Redis, or a Redis that is full or still loading, becomes 503.
 * @throws {Problem} `redis_unavailable`; any other error reply as it is
 */
export async function fromRedis<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (cause) {
    if (isFaultOfOurs(cause)) throw cause;
    throw redisUnavailable(cause);
  }
}

export function redisUnavailable(cause?: unknown): Problem {
  return new Problem('redis_unavailable', 'The job store is unavailable. Try again soon.', {
    headers: { 'Retry-After': String(retryAfterSeconds) },
    cause,
  });
}

/** Errors that waiting does not fix: an invalid reply, or a command that Redis refuses. */
function isFaultOfOurs(error: unknown): boolean {
  if (error instanceof ReplyError) {
    // A transaction that was not taken says EXECABORT, and ioredis says why not.
    const { previousErrors } = error as { previousErrors?: Error[] };
    const causes = previousErrors?.length ? previousErrors : [error as Error];
    return causes.some(({ message }) => !passingReplies.has(message.split(' ', 1)[0] ?? ''));
  }
  return [ZodError, TypeError, SyntaxError, RangeError].some((kind) => error instanceof kind);
}
