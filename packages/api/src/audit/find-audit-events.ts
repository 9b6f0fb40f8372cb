import type { Redis } from 'ioredis';
import { auditEntries, finishedAtOf, type AuditEntry } from '@promptq/shared/audit';
import type { AuditEvent } from '@promptq/shared/contracts';
import { createdAtOf } from '@promptq/shared/queues';
import type { AuditQuery } from './audit-query.ts';

/** The clocks of API, workers and Redis may differ by so much before a filter misses an event. */
const clockSkewMs = 60_000;

interface Found {
  events: AuditEvent[];
  hasMore: boolean;
}

/**
 * The events that match, newest first; `null` when `after` names none.
 * The stream is ordered by settlement. A job settles after it was made, so looking for one job begins at
 * its id's time; all other filters read from the newest event on.
 */
export async function findAuditEvents(
  redis: Redis,
  auditKey: string,
  query: AuditQuery,
): Promise<Found | null> {
  const cursor = query.after === undefined ? null : await findEntry(redis, auditKey, query.after);
  if (query.after !== undefined && !cursor) return null;
  const matches = matcher(query);
  const events: AuditEvent[] = [];
  if (query.job_id !== undefined) {
    const entry = await findOfJob(redis, auditKey, query.job_id);
    const isAfterCursor = !cursor || (entry !== null && isBefore(entry.entryId, cursor.entryId));
    if (entry && isAfterCursor && matches(entry.event)) events.push(entry.event);
    return { events, hasMore: false };
  }
  const sinceMs = query.since === undefined ? 0 : Date.parse(query.since) - clockSkewMs;
  const range = { from: String(Math.max(0, sinceMs)), to: cursor ? `(${cursor.entryId}` : '+' };
  for await (const { event } of auditEntries(redis, auditKey, {
    ...range,
    order: 'newest first',
  })) {
    if (!matches(event)) continue;
    if (events.length === query.limit) return { events, hasMore: true };
    events.push(event);
  }
  return { events, hasMore: false };
}

function matcher(query: AuditQuery): (event: AuditEvent) => boolean {
  const sinceMs = query.since === undefined ? -Infinity : Date.parse(query.since);
  const untilMs = query.until === undefined ? Infinity : Date.parse(query.until);
  return (event) => {
    const finishedAtMs = Date.parse(event.timestamp);
    return (
      finishedAtMs >= sinceMs &&
      finishedAtMs <= untilMs &&
      (query.user_id === undefined || event.user_id === query.user_id) &&
      (query.type === undefined || event.type === query.type || event.job_type === query.type)
    );
  };
}

async function findOfJob(
  redis: Redis,
  auditKey: string,
  jobId: string,
): Promise<AuditEntry | null> {
  const createdAtMs = createdAtOf(jobId);
  if (createdAtMs === null) return null;
  const fromMs = Math.max(0, createdAtMs - clockSkewMs);
  return findOldest(redis, auditKey, fromMs, (event) => event.job_id === jobId);
}

/** An event is settled after it happened, by the same clock: the search begins at its own time. */
async function findEntry(
  redis: Redis,
  auditKey: string,
  eventId: string,
): Promise<AuditEntry | null> {
  const finishedAtMs = finishedAtOf(eventId);
  if (finishedAtMs === null) return null;
  return findOldest(redis, auditKey, finishedAtMs, (event) => event.id === eventId);
}

async function findOldest(
  redis: Redis,
  auditKey: string,
  fromMs: number,
  isWanted: (event: AuditEvent) => boolean,
): Promise<AuditEntry | null> {
  const range = { from: String(fromMs), to: '+', order: 'oldest first' } as const;
  for await (const entry of auditEntries(redis, auditKey, range)) {
    if (isWanted(entry.event)) return entry;
  }
  return null;
}

/** Whether stream id `a` comes before `b`. */
function isBefore(a: string, b: string): boolean {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs < bMs || (aMs === bMs && aSequence < bSequence);
}
