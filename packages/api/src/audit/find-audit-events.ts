import type { Redis } from 'ioredis';
import { auditEntries, finishedAtOf, type AuditEntry } from '@promptq/shared/audit';
import type { AuditEvent } from '@promptq/shared/contracts';
import { createdAtOf, jobTypeOf } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';
import { deliveryIdOf } from '@promptq/shared/webhooks';
import type { PageEnd } from '../cursors/list-cursors.ts';
import type { AuditQuery } from './audit-query.ts';

/** The clocks of API, workers and Redis may differ by so much before a filter misses an event. */
const clockSkewMs = 60_000;

/** One request looks at no more: the next page goes on from there. */
const mostEntries = 50_000;

interface Needs {
  redis: Redis;
  keys: RedisKeys;
  /** Whose events; `null` stands for those of all tenants. */
  owner: string | null;
}

interface Seen {
  entry: AuditEntry;
  event: AuditEvent;
}

interface Found {
  events: AuditEvent[];
  hasMore: boolean;
  /** The event to go on after: the last one that was looked at. Its position is its entry in the stream. */
  end: PageEnd | null;
}

/**
 * The events that match, newest first; `null` when `after` names none.
 * The stream is ordered by settlement. A job settles after it was made, so looking for one job begins at
 * its end, or at its id's time when the job is gone; all other filters read from the newest event on. A page that ends at `mostEntries` may
 * hold few events, or none, and still have more behind it.
 * @param afterEntry the entry of the stream to go on after, when `after` was a cursor and no id
 * @param gone aborted when nobody waits for the answer any more
 */
export async function findAuditEvents(
  { redis, keys, owner }: Needs,
  query: AuditQuery,
  afterEntry: string | null,
  gone: AbortSignal,
): Promise<Found | null> {
  const isOwn = (event: AuditEvent) => owner === null || event.tenant === owner;
  let begin = afterEntry;
  if (query.after !== undefined && begin === null) {
    const entry = await findEntry(redis, keys.audit, query.after, gone);
    if (!entry || !isOwn(entry.event())) return null;
    begin = entry.entryId;
  }
  const matches = matcher(query, isOwn);
  const pageOf = (found: Seen[], hasMore: boolean, last = found.at(-1)): Found => ({
    events: found.map(({ event }) => event),
    hasMore,
    end: last
      ? { id: last.event.id, position: last.entry.entryId, isOwn: isOwn(last.event) }
      : null,
  });
  if (query.job_id !== undefined) {
    const entries = await findOfJob(redis, keys, query.job_id, gone);
    const found = entries
      .filter((entry) => begin === null || isBefore(entry.entryId, begin))
      .map((entry) => ({ entry, event: entry.event() }))
      .filter(({ event }) => matches(event));
    return pageOf(found.slice(0, query.limit), found.length > query.limit);
  }
  const sinceMs = query.since === undefined ? 0 : Date.parse(query.since) - clockSkewMs;
  const range = {
    from: String(Math.max(0, sinceMs)),
    to: begin === null ? '+' : `(${begin}`,
    order: 'newest first',
  } as const;
  const found: Seen[] = [];
  let lookedAt = 0;
  let last: Seen | undefined;
  for await (const entry of auditEntries(redis, keys.audit, range)) {
    const event = entry.event();
    const isMatch = matches(event);
    const isFull = found.length === query.limit;
    if ((isFull && isMatch) || lookedAt === mostEntries || gone.aborted)
      return pageOf(found, true, last);
    lookedAt += 1;
    if (!isFull) last = { entry, event };
    if (isMatch) found.push({ entry, event });
  }
  return pageOf(found, false);
}

function matcher(
  query: AuditQuery,
  isOwn: (event: AuditEvent) => boolean,
): (event: AuditEvent) => boolean {
  const sinceMs = query.since === undefined ? -Infinity : Date.parse(query.since);
  const untilMs = query.until === undefined ? Infinity : Date.parse(query.until);
  return (event) => {
    const finishedAtMs = Date.parse(event.timestamp);
    return (
      isOwn(event) &&
      finishedAtMs >= sinceMs &&
      finishedAtMs <= untilMs &&
      (query.user_id === undefined || event.user_id === query.user_id) &&
      (query.type === undefined || event.type === query.type || event.job_type === query.type)
    );
  };
}

/** The event of the job's end and, newer, the one of its webhook if that was blocked; newest first. */
async function findOfJob(
  redis: Redis,
  keys: RedisKeys,
  jobId: string,
  gone: AbortSignal,
): Promise<AuditEntry[]> {
  const type = jobTypeOf(jobId);
  if (!type) return [];
  // A job of a batch can end long after the time in its id, with many others in between.
  const finishedAt = await redis.hget(keys.job(type, jobId), 'finishedOn');
  const atMs = Number(finishedAt) || createdAtOf(jobId) || 0;
  const isEnd = (entry: AuditEntry) =>
    entry.jobId === jobId && entry.event().type !== 'webhook.blocked';
  const end = await findNear(redis, keys.audit, atMs, isEnd, gone);
  const blockedId = await redis.hget(keys.delivery(deliveryIdOf(jobId)), 'audited');
  if (blockedId === null) return end ? [end] : [];
  const range = { from: blockedId, to: blockedId, order: 'oldest first' } as const;
  const found: AuditEntry[] = [];
  for await (const blocked of auditEntries(redis, keys.audit, range)) found.push(blocked);
  return end ? [...found, end] : found;
}

/** The entry of an event, by its id, which has the time in it. */
async function findEntry(
  redis: Redis,
  auditKey: string,
  eventId: string,
  gone: AbortSignal,
): Promise<AuditEntry | null> {
  const finishedAtMs = finishedAtOf(eventId);
  if (finishedAtMs === null) return null;
  return findNear(redis, auditKey, finishedAtMs, (entry) => entry.event().id === eventId, gone);
}

/**
 * An event is settled after it happened, so the search begins at its own time; the clock that told this can have been
 * ahead of the one of Redis, so then it goes through the minute before. Beginning with that minute would spend the whole
 * search on it where more than `mostEntries` are settled in one.
 * @returns `null` also when it is not among the `mostEntries` that are nearest in either direction
 */
async function findNear(
  redis: Redis,
  auditKey: string,
  atMs: number,
  isWanted: (entry: AuditEntry) => boolean,
  gone: AbortSignal,
): Promise<AuditEntry | null> {
  const before = (ms: number) => String(Math.max(0, atMs - ms));
  for (const range of [
    { from: String(atMs), to: '+', order: 'oldest first' },
    { from: before(clockSkewMs), to: before(1), order: 'newest first' },
  ] as const) {
    let lookedAt = 0;
    for await (const entry of auditEntries(redis, auditKey, range)) {
      if (isWanted(entry)) return entry;
      lookedAt += 1;
      if (gone.aborted) return null;
      if (lookedAt === mostEntries) break;
    }
  }
  return null;
}

/** Whether stream id `a` comes before `b`. */
function isBefore(a: string, b: string): boolean {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs < bMs || (aMs === bMs && aSequence < bSequence);
}
