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

/** Removes the audit events that are older than `auditTtlSeconds`. */
export async function trimAudit({ redis, keys, auditTtlSeconds }: StoreContext): Promise<void> {
  if (auditTtlSeconds === null) return;
  await redis.xtrim(keys.audit, 'MINID', Date.now() - auditTtlSeconds * 1_000);
}
