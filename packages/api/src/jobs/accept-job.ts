import type { PublicJob } from '@promptq/shared/contracts';
import { toPublicJob, type JobSpec } from '@promptq/shared/jobs';
import type { Idempotency, Store } from '@promptq/store';
import { keyReused } from '../idempotency/idempotency-key.ts';
import { queueFull, type JobLimits } from '../limits/job-limits.ts';
import type { SubmissionMetrics } from '../metrics/submission-metrics.ts';
import type { ApiSettings } from '../settings.ts';

export interface AcceptJobDeps {
  store: Store;
  settings: JobLimits & Pick<ApiSettings, 'RESULT_TTL_SECONDS'>;
  /** Counts accepted jobs. */
  submitted: SubmissionMetrics['submitted'];
}

export interface AcceptedJob {
  job: PublicJob;
  /** Whether this job was submitted before with the same Idempotency-Key, so that nothing was added. */
  isReplay: boolean;
}

/**
 * Adds a job in one round trip.
 * @param idempotency given for a submission with an Idempotency-Key
 * @throws {Problem} `queue_full`, `idempotency_key_reused`
 */
export async function acceptJob(
  { store, settings, submitted }: AcceptJobDeps,
  spec: JobSpec,
  idempotency: Idempotency | null = null,
): Promise<AcceptedJob> {
  const added = await store.jobs.add(spec, idempotency);
  if (added.kind === 'refused') throw queueFull(added.limit, spec.type, settings);
  const { kind, job } = added;
  if (kind === 'added') submitted(spec.type, 1);
  else if (job.data.idempotency?.fingerprint !== idempotency?.fingerprint) throw keyReused();
  const { RESULT_TTL_SECONDS: resultTtlSeconds } = settings;
  const options = { resultTtlSeconds, includeInput: false };
  return { job: toPublicJob(job, options), isReplay: kind === 'replayed' };
}
