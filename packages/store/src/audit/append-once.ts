import type { AuditEvent } from '@promptq/shared/contracts';
import { deliveryIdOf } from '@promptq/shared/webhooks';
import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';

const append = defineScript(import.meta.url, 'append-once');

/**
 * Appends the audit event of a delivery that is not sent, at most one for each delivery. `job_id` identifies the
 * delivery.
 */
export async function appendOnce(
  { redis, keys }: StoreContext,
  event: AuditEvent & { job_id: string },
): Promise<void> {
  await append(redis, {
    keys: [keys.delivery(deliveryIdOf(event.job_id)), keys.audit],
    control: { job_id: event.job_id, type: event.type },
    payloads: [JSON.stringify(event)],
  });
}
