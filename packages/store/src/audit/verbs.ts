import type { AuditEvent } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { guardVerbs } from '../guard-verbs.ts';
import { appendOnce } from './append-once.ts';
import { appendAuditEvent, trimAudit } from './append.ts';
import { ensureCursorKey, readCursorKey } from './cursor-key.ts';
import { findAuditEvents, type AuditQuery } from './find.ts';

/** `store.audit`. */
export function auditVerbs(context: StoreContext) {
  return guardVerbs({
    find: (
      query: AuditQuery,
      scope: { tenant: string | null; afterEntry: string | null; signal: AbortSignal },
    ) => findAuditEvents(context, query, scope),
    append: (event: AuditEvent) => appendAuditEvent(context, event),
    appendOnce: (event: AuditEvent & { job_id: string }) => appendOnce(context, event),
    trim: () => trimAudit(context),
    readCursorKey: () => readCursorKey(context),
    ensureCursorKey: () => ensureCursorKey(context),
  });
}
