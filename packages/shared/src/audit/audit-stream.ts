import type { Redis } from 'ioredis';
import { auditEventSchema, type AuditEvent } from '../contracts/index.ts';

/**
 * The audit events are a Redis stream (`<prefix>:audit`). Each entry has the fields `event` (the audit
 * event as JSON), `job_id` and `type`, so that any consumer of streams can read or filter it.
 */
export const auditEventField = 'event';

export interface AuditEntry {
  /** The entry's id in the audit stream: its first part is the moment it was settled, in milliseconds. */
  entryId: string;
  event: AuditEvent;
}

/**
 * Reads entries newest first.
 * @param range ids of the audit stream, both inclusive unless preceded by `(`
 */
export async function readNewestFirst(
  redis: Redis,
  auditKey: string,
  range: { from: string; to: string },
  count: number,
): Promise<AuditEntry[]> {
  return parseEntries(await redis.xrevrange(auditKey, range.to, range.from, 'COUNT', count));
}

/** Reads entries oldest first. */
export async function readOldestFirst(
  redis: Redis,
  auditKey: string,
  range: { from: string; to: string },
  count: number,
): Promise<AuditEntry[]> {
  return parseEntries(await redis.xrange(auditKey, range.from, range.to, 'COUNT', count));
}

function parseEntries(entries: [string, string[]][]): AuditEntry[] {
  return entries.map(([entryId, fields]) => {
    const json = fields[fields.indexOf(auditEventField) + 1] ?? '';
    return { entryId, event: auditEventSchema.parse(JSON.parse(json)) };
  });
}
