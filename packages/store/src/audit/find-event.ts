import { deliveryIdOf } from '@promptq/shared/webhooks';
import type { StoreContext } from '../context.ts';
import {
  createdAtOf,
  eventIdOf,
  happenedAtOf,
  jobIdOfEvent,
  jobTypeOf,
} from '@promptq/shared/jobs';
import { clockSkewMs, maxEntries } from './limits.ts';
import { scanAuditEvents, type AuditEntry } from './scan.ts';

/** Finds the entry of the event with this id. `null`: it was not found. */
export async function findEvent(
  context: StoreContext,
  eventId: string,
  signal: AbortSignal,
): Promise<AuditEntry | null> {
  const jobId = jobIdOfEvent(eventId);
  if (jobTypeOf(jobId) && eventId === eventIdOf(jobId)) return findEndOf(context, jobId, signal);
  const happenedAtMs = happenedAtOf(eventId);
  if (happenedAtMs === null) return null;
  const isMatch = (entry: AuditEntry) => entry.event().id === eventId;
  return findNear(context, happenedAtMs, isMatch, signal);
}

/** The events about a job, newest first: its end and, if its webhook was blocked, that event. */
export async function findOfJob(
  context: StoreContext,
  jobId: string,
  signal: AbortSignal,
): Promise<AuditEntry[]> {
  if (!jobTypeOf(jobId)) return [];
  const { redis, keys } = context;
  const [end, blockedId] = await Promise.all([
    findEndOf(context, jobId, signal),
    redis.hget(keys.delivery(deliveryIdOf(jobId)), 'audited'),
  ]);
  const found: AuditEntry[] = [];
  if (blockedId !== null) {
    const range = { from: blockedId, to: blockedId, order: 'oldest first' } as const;
    for await (const blocked of scanAuditEvents(context, range)) found.push(blocked);
  }
  return end ? [...found, end] : found;
}

/** The entry of a job's end. */
async function findEndOf(
  context: StoreContext,
  jobId: string,
  signal: AbortSignal,
): Promise<AuditEntry | null> {
  const { redis, keys, queues } = context;
  const queue = queues.queueOf(jobId);
  // A job of a batch can end long after the time in its id, with many others in between.
  const finishedAt = queue && (await redis.hget(keys.job(queue, jobId), 'finishedOn'));
  const atMs = Number(finishedAt) || createdAtOf(jobId) || 0;
  const isEnd = (entry: AuditEntry) => entry.jobId === jobId && entry.type !== 'webhook.blocked';
  return findNear(context, atMs, isEnd, signal);
}

/**
 * Searches around a moment. An event is written after it happened, so the search begins at the event's own time. That
 * time can come from a clock that is ahead of Redis's, so the search then covers the minute before. Beginning with that
 * minute would use up `maxEntries` where more events than that are written in a minute.
 * @returns `null` also when the event is not among the nearest `maxEntries` in either direction
 */
async function findNear(
  context: StoreContext,
  atMs: number,
  isMatch: (entry: AuditEntry) => boolean,
  signal: AbortSignal,
): Promise<AuditEntry | null> {
  const before = (ms: number) => String(Math.max(0, atMs - ms));
  for (const range of [
    { from: String(atMs), to: '+', order: 'oldest first' },
    { from: before(clockSkewMs), to: before(1), order: 'newest first' },
  ] as const) {
    let scanned = 0;
    for await (const entry of scanAuditEvents(context, range)) {
      if (isMatch(entry)) return entry;
      scanned += 1;
      if (signal.aborted) return null;
      if (scanned === maxEntries) break;
    }
  }
  return null;
}
