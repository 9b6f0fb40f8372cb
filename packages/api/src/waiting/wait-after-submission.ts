import type { Response } from 'express';
import type { PublicJob } from '@promptq/shared/contracts';
import { toPublicJob, type JobRecord } from '@promptq/shared/jobs';
import { StoreUnavailableError } from '@promptq/store';
import { Problem } from '../problems/problem.ts';
import type { JobSubscriptions } from './subscription.ts';
import { waitForEnd } from './wait-for-end.ts';
import { preferenceApplied } from './wait-preference.ts';

interface Submitted {
  subscriptions: JobSubscriptions;
  accepted: PublicJob;
  /** How long the client prefers to wait; `null`: it states no preference. */
  seconds: number | null;
  read: () => Promise<JobRecord>;
  resultTtlSeconds: number;
  res: Response;
}

interface Answer {
  job: PublicJob;
  headers: Record<string, string>;
}

/**
 * Waits for the end of a submitted job and returns the job for the response. After a job was accepted, the response is
 * never an error, because the client would submit the job again.
 * @returns `null` when the client has disconnected
 */
export async function waitAfterSubmission(submitted: Submitted): Promise<Answer | null> {
  const { subscriptions, accepted, seconds, read, resultTtlSeconds, res } = submitted;
  const immediate: Answer = { job: accepted, headers: {} };
  if (seconds === null) return immediate;
  if (seconds === 0) return { ...immediate, headers: preferenceApplied(0) };
  try {
    const waited = await waitForEnd({ subscriptions, jobId: accepted.id, seconds, read, res });
    if (!waited) return null;
    const { record, isHonoured } = waited;
    return {
      job: toPublicJob(record, { resultTtlSeconds, includeInput: false }),
      headers: isHonoured ? preferenceApplied(seconds) : {},
    };
  } catch (error) {
    if (error instanceof Problem || error instanceof StoreUnavailableError) return immediate;
    throw error;
  }
}
