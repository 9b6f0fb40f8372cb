import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { createdAtOf, jobTypeOf } from '@promptq/shared/jobs';

/**
 * A time index holds job ids by a moment. There is one for each tenant and one over all tenants, by the time in the id, for
 * lists; and one by the moment at which a job that has not started expires. BullMQ's own sets are ordered by priority, by
 * due time and by end, and a job moves between them, so no page of "newest first" can be cut out of them.
 *
 * The ids of ten seconds are appended to one string, 17 bytes each: a letter for the type and the 16 bytes of the UUID. A
 * sorted set is the usual way and takes 150 bytes for a job; this takes 26 (20,000 jobs of 500 B in Redis 7.0). The order
 * inside a string does not matter, and an id may be in it twice: readers sort. A sorted set holds the numbers of the strings.
 */
export const bucketSeconds = 10;
const entryBytes = 17;

const letters: Record<JobType, string> = { chat: 'c', analysis: 'a' };
const typesByLetter = new Map(jobTypes.map((type) => [letters[type], type]));

/** The number of the ten seconds in which a moment lies. @param epochMs milliseconds since 1970 */
export function bucketOf(epochMs: number): number {
  return Math.floor(epochMs / 1_000 / bucketSeconds);
}

/** A job's entry and its bucket by the time in its id. @throws {RangeError} when this is not a job id */
export function indexEntry(jobId: string): { bucket: number; entry: Buffer } {
  const type = jobTypeOf(jobId);
  const createdAtMs = createdAtOf(jobId);
  if (!type || createdAtMs === null) throw new RangeError('not a job id');
  const entry = Buffer.alloc(entryBytes);
  entry.write(letters[type], 0, 'latin1');
  entry.write(jobId.slice(type.length + 1), 1, 'hex');
  return { bucket: bucketOf(createdAtMs), entry };
}

/** The ids in one string of an index, newest first, each once. An incomplete entry at the end is left out. */
export function idsInBucket(content: Buffer): string[] {
  const ids: string[] = [];
  for (let at = 0; at + entryBytes <= content.length; at += entryBytes) {
    const type = typesByLetter.get(content.toString('latin1', at, at + 1));
    if (type) ids.push(`${type}_${content.toString('hex', at + 1, at + entryBytes)}`);
  }
  return [...new Set(ids)].toSorted(newestFirst);
}

/** The order of lists: by time, and by the rest of the UUID where times are equal. */
export function newestFirst(a: string, b: string): number {
  const [left, right] = [sortKey(a), sortKey(b)];
  return left < right ? 1 : left > right ? -1 : 0;
}

function sortKey(jobId: string): string {
  const [type, digits] = jobId.split('_');
  return `${digits}${type}`;
}
