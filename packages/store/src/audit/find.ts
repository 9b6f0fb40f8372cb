import type { AuditEvent } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { findEvent, findOfJob } from './find-event.ts';
import { clockSkewMs, isBefore, maxEntries } from './limits.ts';
import { scanAuditEvents, type AuditEntry } from './scan.ts';

/** The filters of a search for audit events. */
export interface AuditQuery {
  job_id?: string | undefined;
  user_id?: string | undefined;
  /** A type of event or of job. */
  type?: string | undefined;
  /** ISO 8601. Both `since` and `until` are inclusive. */
  since?: string | undefined;
  until?: string | undefined;
  limit: number;
  /** The id of the event after which the page begins. */
  after?: string | undefined;
}

/** The event at which a page ends. */
export interface LastScanned {
  id: string;
  /** The id of its entry in the stream, after which the next page begins. */
  position: string;
  /** Whether the caller may know the id. */
  isCallersOwn: boolean;
}

/** A page of events. */
export interface FoundEvents {
  events: AuditEvent[];
  hasMore: boolean;
  /** The last event that was scanned; `null` when there was none. */
  end: LastScanned | null;
}

interface Scanned {
  entry: AuditEntry;
  event: AuditEvent;
}

/**
 * Finds the events that match, newest first. `null`: the event `after` does not exist.
 * The stream is ordered by the time when jobs finished. A search for one job begins at its end, or at the time in its
 * id when the job no longer exists. All other filters read from the newest event on. A page that ends at `maxEntries`
 * may hold few events, or none, although more follow.
 * @param tenant the tenant whose events are found; `null`: all tenants
 * @param afterEntry the entry of the stream after which the page begins, when `after` was a cursor and not an id
 * @param signal aborts when the client has disconnected
 */
export async function findAuditEvents(
  context: StoreContext,
  query: AuditQuery,
  {
    tenant,
    afterEntry,
    signal,
  }: { tenant: string | null; afterEntry: string | null; signal: AbortSignal },
): Promise<FoundEvents | null> {
  const isCallersOwn = (event: AuditEvent) => tenant === null || event.tenant === tenant;
  let begin = afterEntry;
  if (query.after !== undefined && begin === null) {
    const entry = await findEvent(context, query.after, signal);
    if (!entry || !isCallersOwn(entry.event())) return null;
    begin = entry.entryId;
  }
  const matches = matcher(query, isCallersOwn);
  const pageOf = (found: Scanned[], hasMore: boolean, last = found.at(-1)): FoundEvents => ({
    events: found.map(({ event }) => event),
    hasMore,
    end: last
      ? { id: last.event.id, position: last.entry.entryId, isCallersOwn: isCallersOwn(last.event) }
      : null,
  });
  if (query.job_id !== undefined) {
    const entries = await findOfJob(context, query.job_id, signal);
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
  for await (const entry of scanAuditEvents(context, range)) {
    const event = entry.event();
    const isMatch = matches(event);
    const isFull = found.length === query.limit;
    if ((isFull && isMatch) || scanned === maxEntries || signal.aborted)
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
