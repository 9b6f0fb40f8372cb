import type { AuditEvent } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';

/** Appends an audit event that is not about the end of a job. finish.lua appends those. */
export async function appendAuditEvent(
  { redis, keys }: StoreContext,
  event: AuditEvent,
): Promise<void> {
  const fields = ['job_id', event.job_id ?? '', 'type', event.type, 'event', JSON.stringify(event)];
  await redis.xadd(keys.audit, '*', ...fields);
}

/** The time of the oldest audit event to keep, in milliseconds since 1970. 0: this process removes none. */
export function auditFromMs({ auditTtlSeconds }: StoreContext): number {
  return auditTtlSeconds === null ? 0 : Date.now() - auditTtlSeconds * 1_000;
}

/** Removes the audit events that are older than `auditTtlSeconds`. */
export async function trimAudit(context: StoreContext): Promise<void> {
  const from = auditFromMs(context);
  if (from > 0) await context.redis.xtrim(context.keys.audit, 'MINID', from);
}
