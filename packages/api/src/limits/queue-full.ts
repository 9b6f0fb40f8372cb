import { Problem } from '../problems/problem.ts';

const retryAfterSeconds = 5;

/**
 * The refusal of a job because there are so many already. Its headers are those of any limit
 * (draft-ietf-httpapi-ratelimit-headers): this one has no window, and `t` is when it makes sense to try again.
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
