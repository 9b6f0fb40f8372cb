import {
  defaultTenant,
  noUsage,
  toTime,
  type AuditEvent,
  type JobType,
} from '@promptq/shared/contracts';
import { readFailure } from '@promptq/shared/failure';
import { eventIdOf, failedStatus, jobError, type JobRecord } from '@promptq/shared/jobs';
import { buildAuditEvent, replyOf, type EndEvent } from '../attempts/build-audit-event.ts';
import { resultOf, type TerminalEntry } from './outbox-entry.ts';

type CommonMembers = Pick<AuditEvent, 'id' | 'object' | 'job_id' | 'job_type' | 'tenant'>;
/**
 * The audit event of a finished job.
 * @param record the job, or `null` when it is no longer there or was not made by promptq: the entry of
 * BullMQ's stream says how it ended all the same
 */
export function auditEventOf(
  type: JobType,
  entry: TerminalEntry,
  record: JobRecord | null,
): EndEvent {
  const common = {
    id: eventIdOf(type, entry.id),
    object: 'audit_event',
    job_id: entry.jobId,
    job_type: type,
    tenant: record?.data.tenant ?? defaultTenant,
  } as const;
  if (!record || !('finishedAtMs' in record.state)) return { ...common, ...endOf(entry) };
  return { ...common, ...buildAuditEvent(record, record.state.finishedAtMs) };
}

/** What the entry alone tells. */
function endOf(entry: TerminalEntry): Omit<EndEvent, keyof CommonMembers> {
  const result = resultOf(entry);
  const failure = entry.event === 'failed' ? readFailure(entry.detail, 0) : null;
  return {
    type: `job.${failure ? failedStatus(failure) : 'completed'}`,
    timestamp: toTime(Number(entry.id.split('-', 1)[0])),
    user_id: null,
    model: null,
    attempts: null,
    queued_ms: null,
    latency_ms: null,
    usage: result?.usage ?? noUsage,
    message: null,
    reply: result && replyOf(result.output),
    error: failure && jobError(failure, 0),
    worker: null,
  };
}
