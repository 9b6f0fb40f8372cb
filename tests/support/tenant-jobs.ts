import type { PublicJob } from '@promptq/shared/contracts';
import { bearer, type Key } from './api-keys.ts';
import { chatBody, json } from './problem.ts';
import type { Stack } from './stack.ts';

interface Submission {
  url?: string;
  message?: string;
  /** An Idempotency-Key. */
  key?: string;
  more?: object;
}

/** Submits a chat job, with the API key of a tenant or with none. */
export function submitAs(
  stack: Stack,
  as: Key | null,
  { url = stack.api.url, message = 'hi', key, more = {} }: Submission = {},
): Promise<Response> {
  return fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { ...json, ...(as ? bearer(as) : {}), ...(key ? { 'idempotency-key': key } : {}) },
    body: chatBody({ message }, more),
  });
}

/** The job of a submission. @throws {Error} when it was not accepted */
export async function accepted(answer: Promise<Response>): Promise<PublicJob> {
  const response = await answer;
  if (response.status !== 202) throw new Error(`not accepted: ${await response.text()}`);
  return (await response.json()) as PublicJob;
}

/** The ids of the jobs that have a slot of the tenant. */
export function openJobsOf(stack: Stack, tenant = 'default'): Promise<string[]> {
  return stack.redis.smembers(stack.keys.openJobs(tenant));
}
