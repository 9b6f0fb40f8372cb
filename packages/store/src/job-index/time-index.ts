import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { createdAtOf, jobTypeOf } from '@promptq/shared/jobs';

/**
 * A time index holds job ids by time. For lists, there is one per tenant and one over all tenants, ordered by the time
 * in the id. Another is ordered by the time at which a job that has not started expires. BullMQ's own sets are ordered
 * by priority, due time and end, and jobs move between them, so they cannot provide pages of the newest jobs.
 *
 * The ids of each ten seconds are appended to one string, a bucket. An entry has 17 bytes: a letter for the type and
 * the 16 bytes of the UUID. The usual sorted set takes 150 bytes per job, this index 26 (measured with 20,000 jobs of
 * 500 B in Redis 7.0). The order within a bucket does not matter, and an id may occur twice, because readers sort and
 * remove duplicates. A sorted set holds the numbers of the buckets.
 */
export const bucketSeconds = 10;
const entryBytes = 17;

const letters: Record<JobType, string> = { chat: 'c', analysis: 'a' };
const typesByLetter = new Map(jobTypes.map((type) => [letters[type], type]));

/** The number of the bucket for a time. @param epochMs milliseconds since 1970 */
export function bucketOf(epochMs: number): number {
  return Math.floor(epochMs / 1_000 / bucketSeconds);
}

/** A job's entry, and its bucket by the time in its id. @throws {RangeError} when this is not a job id */
export function indexEntry(jobId: string): { bucket: number; entry: Buffer } {
  const type = jobTypeOf(jobId);
  const createdAtMs = createdAtOf(jobId);
  if (!type || createdAtMs === null) throw new RangeError('not a job id');
  const entry = Buffer.alloc(entryBytes);
  entry.write(letters[type], 0, 'latin1');
  entry.write(jobId.slice(type.length + 1), 1, 'hex');
  return { bucket: bucketOf(createdAtMs), entry };
}

/** The ids in a bucket, newest first and without duplicates. An incomplete entry at the end is left out. */
export function idsInBucket(content: Buffer): string[] {
  const ids: string[] = [];
  for (let at = 0; at + entryBytes <= content.length; at += entryBytes) {
    const type = typesByLetter.get(content.toString('latin1', at, at + 1));
    if (type) ids.push(`${type}_${content.toString('hex', at + 1, at + entryBytes)}`);
  }
  return [...new Set(ids)].toSorted(newestFirst);
}

/** The order of lists: by time, then by the rest of the UUID. */
export function newestFirst(a: string, b: string): number {
  const [left, right] = [sortKey(a), sortKey(b)];
  return left < right ? 1 : left > right ? -1 : 0;
}

function sortKey(jobId: string): string {
  const [type, digits] = jobId.split('_');
  return `${digits}${type}`;
}
