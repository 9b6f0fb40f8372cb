import type { BatchResult, JobType } from '@promptq/shared/contracts';
import { describeError } from '@promptq/shared/logging';
import { auditFromMs } from '../audit/append.ts';
import type { StoreContext } from '../context.ts';
import { pack } from '../scripts/script.ts';
import { batchOf } from '@promptq/shared/jobs';
import { auditEventOf, bareAuditEventOf, finishedStatusOf } from './audit-event.ts';
import type { FinishedEvent, FinishedRecord, FinishedStatus, WaitingJob } from './finished-job.ts';
import { webhookEventOf } from './webhook-event.ts';

/** The arguments of finish.lua after those of BullMQ's script. */
export interface FinishArgs {
  status: FinishedStatus;
  args: (string | Buffer)[];
}

/**
 * Builds what follows from the end of a job: the audit event, the webhook event, the line in its batch, the wake-up.
 */
export function finishArgs(
  context: StoreContext,
  record: FinishedRecord,
  waiting?: WaitingJob,
): FinishArgs {
  const status = finishedStatusOf(record);
  const { event, webhook } = eventsOf(context, record);
  const batch = batchOf(record.id);
  const { data } = record;
  const control = {
    status,
    audit_from: auditFromMs(context),
    ttl: context.resultTtlSeconds,
    tenant: data.counted ? data.tenant : undefined,
    idempotency_scope: data.idempotency?.scope,
    batch: batch ? { id: batch.batchId, index: String(batch.index) } : undefined,
    delivery_type: webhook?.event_type,
    trace: webhook ? record.trace : undefined,
    has_checkpoints: record.type === 'analysis' || undefined,
    waiting,
  };
  return {
    status,
    args: [
      pack(control),
      JSON.stringify(event),
      webhook ? JSON.stringify(webhook) : '',
      batch ? batchLine(record, event) : '',
    ],
  };
}

/** A job that promptq did not write may have any data. Its audit event has only what is known from its end. */
function eventsOf({ log }: StoreContext, record: FinishedRecord) {
  try {
    return { event: auditEventOf(record), webhook: webhookEventOf(record) };
  } catch (error) {
    log.warn(
      { job_id: record.id, error: describeError(error) },
      'the data of a finished job could not be read; its audit event has no details',
    );
    return { event: bareAuditEventOf(record), webhook: null };
  }
}

/** The line of the result in the batch without its first member, `custom_id`. */
function batchLine({ id, state }: FinishedRecord, event: FinishedEvent): string {
  const line: Omit<BatchResult, 'custom_id'> = {
    id,
    status: event.type.slice('job.'.length) as BatchResult['status'],
    output: state.at === 'completed' ? state.result.output : null,
    error: event.error,
    usage: event.usage,
  };
  return JSON.stringify(line).slice(1);
}

/** Reports the end of a job, for the metrics. @param endedBatch the id of a batch, or '' */
export function reportFinished(
  { onFinished }: StoreContext,
  { id, type }: { id: string; type: JobType },
  status: FinishedStatus,
  endedBatch: string,
): void {
  onFinished({ jobId: id, type, status, endedBatch: endedBatch === '' ? null : endedBatch });
}
