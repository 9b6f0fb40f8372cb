import { Problem } from '../problems/problem.ts';

const retryAfterSeconds = 5;

/**
 * Refuses a job because there are too many. The headers are those of any limit (draft-ietf-httpapi-ratelimit-headers).
 * This limit has no window, so `t` is when to try again.
 * @param name of the limit, @param max of such jobs
 */
export function queueFull(detail: string, name: 'waiting' | 'tenant', max: number): Problem {
  return new Problem('queue_full', detail, {
    headers: {
      'RateLimit-Policy': `"${name}";q=${max}`,
      RateLimit: `"${name}";r=0;t=${retryAfterSeconds}`,
      'Retry-After': String(retryAfterSeconds),
    },
  });
}
