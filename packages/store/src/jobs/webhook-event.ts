import type { DeliveryData } from '@promptq/shared/webhooks';
import { eventIdOf } from '@promptq/shared/jobs';
import { finishedStatusOf } from './audit-event.ts';
import type { FinishedRecord } from './finished-job.ts';

/** A larger output is left out of the event. Receivers read it from the API. */
const maxOutputBytes = 256 * 1024;

/**
 * The webhook event of a finished job, or `null` when it has no webhook. The event's id is derived from the job's id,
 * because a job ends once. So the id is the same in every try, and it is unique across installations.
 * https://www.standardwebhooks.com
 */
export function webhookEventOf(record: FinishedRecord): DeliveryData | null {
  const { id, data, state } = record;
  if (!data.webhook) return null;
  const output = state.at === 'completed' ? state.result.output : null;
  const isIncluded = data.webhook.include_output && output !== null && fits(output);
  const status = finishedStatusOf(record);
  const type = `job.${status}`;
  const body = {
    id: eventIdOf(id),
    object: 'event',
    type,
    created_at: Math.floor(state.finishedAtMs / 1_000),
    data: {
      id,
      object: 'job',
      status,
      metadata: data.metadata,
      output: isIncluded ? output : null,
      output_included: isIncluded,
    },
  };
  return {
    url: data.webhook.url,
    job_id: id,
    tenant: data.tenant,
    own_secret: data.own_secret,
    event_id: eventIdOf(id),
    event_type: type,
    body: JSON.stringify(body),
  };
}

function fits(output: object): boolean {
  return Buffer.byteLength(JSON.stringify(output)) <= maxOutputBytes;
}
