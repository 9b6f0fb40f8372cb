import { plainEvent } from '@promptq/shared/contracts';
import { deliveryIdOf, type DeliveryData } from '@promptq/shared/webhooks';
import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { jobTypeOf } from '@promptq/shared/jobs';

const append = defineScript(import.meta.url, 'append-blocked');

/**
 * Appends the audit event of a delivery whose receiver has an address that is not allowed, once for each delivery.
 * @param workerName the process that blocked it
 */
export async function appendBlocked(
  { redis, keys }: StoreContext,
  { job_id, tenant }: Pick<DeliveryData, 'job_id' | 'tenant'>,
  workerName: string,
): Promise<void> {
  const event = plainEvent('webhook', {
    type: 'webhook.blocked',
    job_id,
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
  await append(redis, {
    keys: [keys.delivery(deliveryIdOf(job_id)), keys.audit],
    control: { job_id, type: event.type },
    payloads: [JSON.stringify(event)],
  });
}
