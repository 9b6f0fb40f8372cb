import type { JobType } from '@promptq/shared/contracts';
import { Problem } from '../problems/problem.ts';
import type { ApiSettings } from '../settings.ts';

const retryAfterSeconds = 5;

export type JobLimits = Pick<ApiSettings, 'MAX_WAITING_JOBS' | 'MAX_WAITING_JOBS_PER_TENANT'>;

/**
 * The answer to a job that a limit refuses. Its headers are those of any limit (draft-ietf-httpapi-ratelimit-headers): this
 * one has no window, and `t` is the time after which it makes sense to try again.
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
          detail: `Your tenant has ${maxOpen} unfinished jobs, which is the limit. Try again later.`,
        };
  return new Problem('queue_full', detail, {
    headers: {
      'RateLimit-Policy': `"${name}";q=${max}`,
      RateLimit: `"${name}";r=0;t=${retryAfterSeconds}`,
      'Retry-After': String(retryAfterSeconds),
    },
  });
}
