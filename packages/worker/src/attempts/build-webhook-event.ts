import type { AuditEvent } from '@promptq/shared/contracts';
import type { JobRecord } from '@promptq/shared/jobs';
import type { DeliveryData } from '@promptq/shared/webhooks';

/** A larger output is left out. Receivers read it from the API. */
const maxOutputBytes = 256 * 1024;

/**
 * The webhook of a finished job, or `null` when it has none. Its id follows from the job's, because a job ends once:
 * the same however often settlement is tried, and nobody else's. The audit event's id is a moment and a number, which
 * another installation that sends to the same receiver has as well, and receivers remember ids.
 * https://www.standardwebhooks.com
 */
export function webhookEventOf(event: AuditEvent, record: JobRecord | null): DeliveryData | null {
  const webhook = record?.data.webhook;
  if (!record || !webhook) return null;
  const output = record.state.at === 'completed' ? record.state.result.output : null;
  const isIncluded = webhook.include_output && output !== null && fits(output);
  const eventId = `evt_${record.id}`;
  const body = {
    id: eventId,
    object: 'event',
    type: event.type,
    created_at: Math.floor(Date.parse(event.timestamp) / 1_000),
    data: {
      id: record.id,
      object: 'job',
      status: event.type.slice('job.'.length),
      metadata: record.data.metadata,
      output: isIncluded ? output : null,
      output_included: isIncluded,
    },
  };
  return {
    url: webhook.url,
    job_id: record.id,
    tenant: record.data.tenant,
    own_secret: record.data.own_secret,
    event_id: eventId,
    event_type: event.type,
    body: JSON.stringify(body),
  };
}

function fits(output: object): boolean {
  return Buffer.byteLength(JSON.stringify(output)) <= maxOutputBytes;
}
