import { plainEvent, type AuditEvent } from '@promptq/shared/contracts';
import { jobTypeOf } from '@promptq/shared/jobs';
import type { DeliveryData } from '@promptq/shared/webhooks';

/** The audit event of a delivery whose receiver has an address that is not allowed. */
export function blockedEvent(
  { job_id, tenant }: Pick<DeliveryData, 'job_id' | 'tenant'>,
  workerName: string,
): AuditEvent & { job_id: string } {
  const event = plainEvent('webhook', {
    type: 'webhook.blocked',
    job_type: jobTypeOf(job_id),
    tenant,
    error: {
      code: 'webhook_blocked',
      message: 'The webhook goes to an address that is not allowed. See WEBHOOK_ALLOWED_HOSTS.',
      retryable: false,
      attempts: 1,
      upstream: null,
    },
    worker: workerName,
  });
  return { ...event, job_id };
}
