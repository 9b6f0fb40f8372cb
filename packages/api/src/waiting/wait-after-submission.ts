import type { Response } from 'express';
import type { PublicJob } from '@promptq/shared/contracts';
import { toPublicJob, type JobRecord } from '@promptq/shared/jobs';
import { Problem } from '../problems/problem.ts';
import type { JobSubscriptions } from '../live/open-live.ts';
import { waitForEnd } from './wait-for-end.ts';
import { preferenceApplied } from './wait-preference.ts';

interface Submitted {
  subscriptions: JobSubscriptions;
  accepted: PublicJob;
  /** As the client prefers; `null` when it said nothing. */
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
 * The response to a submission: the job, once it has finished or the wait is over. An accepted job is never answered
 * with an error, because the client would submit it again.
 * @returns `null` if the client has left
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
    const job = toPublicJob(record, { resultTtlSeconds, includeInput: false, nowMs: Date.now() });
    return {
      job,
      headers: isHonoured ? preferenceApplied(seconds) : {},
    };
  } catch (error) {
    if (error instanceof Problem) return immediate;
    throw error;
  }
}
