import type { Submission } from '@promptq/shared/contracts';
import type { JobData, JobSpec } from '@promptq/shared/jobs';
import type { SigningSecrets } from '@promptq/shared/webhooks';
import type { ApiSettings } from '../settings.ts';

/** The settings that complete a submission. */
export type JobDefaults = Pick<
  ApiSettings,
  'DEFAULT_MODEL' | 'JOB_ATTEMPTS' | 'JOB_TIMEOUT_SECONDS' | 'RESULT_TTL_SECONDS'
>;

/** Completes a submission with the defaults of the settings. */
export function toJobSpec(
  submission: Submission,
  settings: JobDefaults,
  tenant: string,
  secrets: Pick<SigningSecrets, 'hasOwn'>,
): JobSpec {
  const own_secret = submission.webhook !== undefined && secrets.hasOwn(tenant);
  return {
    type: submission.type,
    data: { ...toData(submission, settings, tenant), own_secret },
    maxAttempts: submission.max_attempts ?? settings.JOB_ATTEMPTS,
    delaySeconds: submission.delay_seconds,
  };
}

function toData(submission: Submission, settings: JobDefaults, tenant: string): JobData {
  const { input, user_id, metadata, priority, start_within_seconds } = submission;
  return {
    input: { ...input, model: input.model ?? settings.DEFAULT_MODEL },
    user_id,
    metadata,
    priority,
    start_within_seconds,
    timeout_seconds: submission.timeout_seconds ?? settings.JOB_TIMEOUT_SECONDS,
    cancel_requested_at: null,
    retry_of: null,
    webhook: submission.webhook ?? null,
    idempotency: null,
    custom_id: null,
    tenant,
    counted: false,
    own_secret: false,
  } as JobData; // TypeScript does not see that spreading a union gives a union.
}
