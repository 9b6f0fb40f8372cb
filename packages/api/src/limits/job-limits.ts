import type { JobType } from '@promptq/shared/contracts';
import { Problem } from '../problems/problem.ts';
import type { ApiSettings } from '../settings.ts';

const retryAfterSeconds = 5;

export type JobLimits = Pick<ApiSettings, 'MAX_WAITING_JOBS' | 'MAX_WAITING_JOBS_PER_TENANT'>;

/**
 * The problem for a job that exceeds a limit. It has the usual rate limit headers
 * (draft-ietf-httpapi-ratelimit-headers). The limit has no window, so `t` is the time after which the client should try
 * again.
 */
export function queueFull(limit: 'queue' | 'tenant', type: JobType, limits: JobLimits): Problem {
  const { MAX_WAITING_JOBS: maxWaiting, MAX_WAITING_JOBS_PER_TENANT: maxOpen } = limits;
  const { name, max, detail } =
    limit === 'queue'
      ? {
          name: 'waiting',
          max: maxWaiting,
          detail: `The queue is full: ${maxWaiting} ${type} jobs are waiting. Try again later.`,
        }
      : {
          name: 'tenant',
          max: maxOpen,
          detail: `Your tenant has reached its limit of ${maxOpen} unfinished jobs. Try again later.`,
        };
  return new Problem('queue_full', detail, {
    headers: {
      'RateLimit-Policy': `"${name}";q=${max}`,
      RateLimit: `"${name}";r=0;t=${retryAfterSeconds}`,
      'Retry-After': String(retryAfterSeconds),
    },
  });
}
