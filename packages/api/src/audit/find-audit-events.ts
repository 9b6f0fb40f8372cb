import type { Redis } from 'ioredis';
import { auditEntries, type AuditEntry } from '@promptq/shared/audit';
import { finishedAtOf, createdAtOf, jobTypeOf } from '@promptq/shared/jobs';
import type { AuditEvent, JobType } from '@promptq/shared/contracts';
import type { RedisKeys } from '@promptq/shared/redis';
import { deliveryIdOf } from '@promptq/shared/webhooks';
import type { PageEnd } from '../cursors/list-cursors.ts';

/** The clocks of API, workers and Redis may differ by so much before a filter misses an event. */
const clockSkewMs = 60_000;

/** One request looks at no more: the next page goes on from there. */
const maxEntries = 50_000;

interface AuditQuery {
  job_id?: string | undefined;
  user_id?: string | undefined;
  type?: AuditEvent['type'] | JobType | undefined;
  since?: string | undefined;
  until?: string | undefined;
  limit: number;
  after?: string | undefined;
}

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  /** Whose events; `null` stands for those of all tenants. */
  tenant: string | null;
}

interface Scanned {
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
 * its end, or at its id's time when the job is gone; all other filters read from the newest event on. A page that ends at `maxEntries` may
 * hold few events, or none, and still have more behind it.
 * @param afterEntry the entry of the stream to go on after, when `after` was a cursor and no id
 * @param disconnected aborted when nobody waits for the answer any more
 */
export async function findAuditEvents(
  { redis, keys, tenant }: Deps,
  query: AuditQuery,
  afterEntry: string | null,
  disconnected: AbortSignal,
): Promise<Found | null> {
  const isCallersOwn = (event: AuditEvent) => tenant === null || event.tenant === tenant;
  let begin = afterEntry;
  if (query.after !== undefined && begin === null) {
    const entry = await findEntry(redis, keys.audit, query.after, disconnected);
    if (!entry || !isCallersOwn(entry.event())) return null;
    begin = entry.entryId;
  }
  const matches = matcher(query, isCallersOwn);
  const pageOf = (found: Scanned[], hasMore: boolean, last = found.at(-1)): Found => ({
    events: found.map(({ event }) => event),
    hasMore,
    end: last
      ? { id: last.event.id, position: last.entry.entryId, isCallersOwn: isCallersOwn(last.event) }
      : null,
  });
  if (query.job_id !== undefined) {
    const entries = await findOfJob(redis, keys, query.job_id, disconnected);
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
  const found: Scanned[] = [];
  let scanned = 0;
  let last: Scanned | undefined;
  for await (const entry of auditEntries(redis, keys.audit, range)) {
    const event = entry.event();
    const isMatch = matches(event);
    const isFull = found.length === query.limit;
    if ((isFull && isMatch) || scanned === maxEntries || disconnected.aborted)
      return pageOf(found, true, last);
    scanned += 1;
    if (!isFull) last = { entry, event };
    if (isMatch) found.push({ entry, event });
  }
  return pageOf(found, false);
}

function matcher(
  query: AuditQuery,
  isCallersOwn: (event: AuditEvent) => boolean,
): (event: AuditEvent) => boolean {
  const sinceMs = query.since === undefined ? -Infinity : Date.parse(query.since);
  const untilMs = query.until === undefined ? Infinity : Date.parse(query.until);
  return (event) => {
    const finishedAtMs = Date.parse(event.timestamp);
    return (
      isCallersOwn(event) &&
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
  disconnected: AbortSignal,
): Promise<AuditEntry[]> {
  const type = jobTypeOf(jobId);
  if (!type) return [];
  // A job of a batch can end long after the time in its id, with many others in between.
  const finishedAt = await redis.hget(keys.job(type, jobId), 'finishedOn');
  const atMs = Number(finishedAt) || createdAtOf(jobId) || 0;
  const isEnd = (entry: AuditEntry) =>
    entry.jobId === jobId && entry.event().type !== 'webhook.blocked';
  const end = await findNear(redis, keys.audit, atMs, isEnd, disconnected);
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
  disconnected: AbortSignal,
): Promise<AuditEntry | null> {
  const finishedAtMs = finishedAtOf(eventId);
  if (finishedAtMs === null) return null;
  return findNear(
    redis,
    auditKey,
    finishedAtMs,
    (entry) => entry.event().id === eventId,
    disconnected,
  );
}

/**
 * An event is settled after it happened, so the search begins at its own time; the clock that told this can have been
 * ahead of the one of Redis, so then it goes through the minute before. Beginning with that minute would spend the whole
 * search on it where more than `maxEntries` are settled in one.
 * @returns `null` also when it is not among the `maxEntries` that are nearest in either direction
 */
async function findNear(
  redis: Redis,
  auditKey: string,
  atMs: number,
  isMatch: (entry: AuditEntry) => boolean,
  disconnected: AbortSignal,
): Promise<AuditEntry | null> {
  const before = (ms: number) => String(Math.max(0, atMs - ms));
  for (const range of [
    { from: String(atMs), to: '+', order: 'oldest first' },
    { from: before(clockSkewMs), to: before(1), order: 'newest first' },
  ] as const) {
    let scanned = 0;
    for await (const entry of auditEntries(redis, auditKey, range)) {
      if (isMatch(entry)) return entry;
      scanned += 1;
      if (disconnected.aborted) return null;
      if (scanned === maxEntries) break;
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
