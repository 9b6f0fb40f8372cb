import { randomInt } from 'node:crypto';
import { noUsage, toTime, type AuditEvent } from '../contracts/index.ts';

type Given = Pick<AuditEvent, 'type' | 'tenant'> & Partial<AuditEvent>;

/** An audit event that is not about the end of a job: every member that is not given is `null`. */
export function plainEvent(about: string, given: Given): AuditEvent {
  const nowMs = Date.now();
  return {
    id: `evt_${about}_${nowMs}_${randomInt(1_000_000_000)}`,
    object: 'audit_event',
    timestamp: toTime(nowMs),
    job_id: null,
    job_type: null,
    user_id: null,
    model: null,
    attempts: null,
    queued_ms: null,
    latency_ms: null,
    usage: noUsage,
    message: null,
    reply: null,
    error: null,
    worker: null,
    ...given,
  };
}
