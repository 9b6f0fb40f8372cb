import type { Redis } from 'ioredis';
import { auditEventSchema, type AuditEvent } from '../contracts/index.ts';

/**
 * The audit events are a Redis stream (`<prefix>:audit`). Each entry has the fields `event` (the audit
 * event as JSON), `job_id` and `type`, so that any consumer of streams can read or filter it.
 */
const chunkSize = 500;

export interface AuditEntry {
  /** The entry's id in the audit stream: its first part is the moment it was settled, in milliseconds. */
  entryId: string;
  jobId: string;
  /** Parses the event. @throws {z.ZodError} when settlement did not write it */
  event(): AuditEvent;
}

/**
 * Walks the stream, 500 entries to a round trip, as far as the caller goes on.
 * @param range ids of the audit stream, both inclusive unless preceded by `(`
 */
export async function* auditEntries(
  redis: Redis,
  auditKey: string,
  range: { from: string; to: string; order: 'newest first' | 'oldest first' },
): AsyncGenerator<AuditEntry> {
  let { from, to } = range;
  const isNewestFirst = range.order === 'newest first';
  for (;;) {
    const entries = isNewestFirst
      ? await redis.xrevrange(auditKey, to, from, 'COUNT', chunkSize)
      : await redis.xrange(auditKey, from, to, 'COUNT', chunkSize);
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
    event: () => auditEventSchema.parse(JSON.parse(field('event'))),
  };
}
