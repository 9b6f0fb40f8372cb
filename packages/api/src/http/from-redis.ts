import { ReplyError } from 'ioredis';
import { Problem } from './problem.ts';

/** Redis is up but cannot serve now: the first word of its error is its code (Redis protocol, "Simple errors"). */
const passingReplies = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
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
    if (cause instanceof ReplyError && !isPassing(cause as Error)) throw cause;
    throw new Problem('redis_unavailable', 'The job store is not available. Try again soon.', {
      headers: { 'Retry-After': String(retryAfterSeconds) },
      cause,
    });
  }
}

function isPassing(error: Error): boolean {
  return passingReplies.has(error.message.split(' ', 1)[0] ?? '');
}
