import type { StoreUnavailableError } from '@promptq/store';
import { Problem } from './problem.ts';

const retryAfterSeconds = 2;

/** The problem for an unavailable store. The client may repeat the request. */
export function storeUnavailable({ cause }: StoreUnavailableError): Problem {
  return new Problem('redis_unavailable', 'The job store is unavailable. Try again soon.', {
    headers: { 'Retry-After': String(retryAfterSeconds) },
    cause,
  });
}
