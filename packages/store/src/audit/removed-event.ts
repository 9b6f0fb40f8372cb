import {
  plainEvent,
  type AuditEvent,
  type JobError,
  type JobType,
} from '@promptq/shared/contracts';
import { eventIdOf } from '@promptq/shared/jobs';

/** The audit event of a job that was removed by hand before it finished. Only what is given is known. */
export function removedEvent(job: {
  id: string;
  type: JobType;
  tenant: string;
  error?: JobError;
}): AuditEvent {
  return plainEvent('job', {
    id: eventIdOf(job.id),
    type: 'job.removed',
    tenant: job.tenant,
    job_id: job.id,
    job_type: job.type,
    error: job.error ?? null,
  });
}
