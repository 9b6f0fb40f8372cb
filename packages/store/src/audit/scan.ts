import { auditEventSchema, type AuditEvent } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';

/**
 * The audit events are a Redis stream (`<prefix>:audit`). Each entry has the fields `event` (the audit event as JSON),
 * `job_id` and `type`, so any consumer of streams can read or filter it.
 */
const chunkSize = 500;

/** An entry of the audit stream. */
export interface AuditEntry {
  /** Its first part is the time when it was written, in milliseconds since 1970. */
  entryId: string;
  jobId: string;
  type: string;
  /** Parses the event. @throws {z.ZodError} when promptq did not write it */
  event(): AuditEvent;
}

/** Ids of entries, both inclusive unless preceded by `(`. */
export interface AuditRange {
  from: string;
  to: string;
  order: 'newest first' | 'oldest first';
}

/** Yields the entries of the stream. It reads 500 in a round trip, and no more than the caller consumes. */
export async function* scanAuditEvents(
  { redis, keys }: StoreContext,
  range: AuditRange,
): AsyncGenerator<AuditEntry, void> {
  let { from, to } = range;
  const isNewestFirst = range.order === 'newest first';
  for (;;) {
    const entries = isNewestFirst
      ? await redis.xrevrange(keys.audit, to, from, 'COUNT', chunkSize)
      : await redis.xrange(keys.audit, from, to, 'COUNT', chunkSize);
    for (const [entryId, fields] of entries) yield toEntry(entryId, fields);
    const last = entries.at(-1);
    if (!last || entries.length < chunkSize) return;
    if (isNewestFirst) to = `(${last[0]}`;
    else from = `(${last[0]}`;
  }
}

function toEntry(entryId: string, fields: string[]): AuditEntry {
  const field = (name: string) => fields[fields.indexOf(name) + 1] ?? '';
  return {
    entryId,
    jobId: field('job_id'),
    type: field('type'),
    event: () => auditEventSchema.parse(JSON.parse(field('event'))),
  };
}
