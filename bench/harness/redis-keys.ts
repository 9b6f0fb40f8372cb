/**
 * What the benchmark knows about keys in Redis. No other file in bench/ names a key of promptq or of BullMQ; where a public
 * API gives the same answer, the benchmark uses the API.
 */
import type { Redis } from 'ioredis';

/** The keys of one subject. */
export interface SubjectKeys {
  /** All keys but the audit stream begin with `<prefix>:`. */
  prefix: string;
  /** The BullMQ queue of chat jobs. */
  queueName: string;
  /** The stream of audit events. */
  auditStream: string;
}

export function promptqKeys(prefix: string): SubjectKeys {
  return { prefix, queueName: 'chat.default', auditStream: `${prefix}:audit` };
}

export const diyKeys: SubjectKeys = { prefix: 'bull', queueName: 'chat', auditStream: 'audit' };

export function countAuditEvents(redis: Redis, { auditStream }: SubjectKeys): Promise<number> {
  return redis.xlen(auditStream);
}

/** Bytes of the audit stream. */
export async function auditBytes(redis: Redis, { auditStream }: SubjectKeys): Promise<number> {
  return Number(await redis.memory('USAGE', auditStream, 'SAMPLES', 0));
}

/** How many jobs BullMQ has recorded as completed. */
export function countCompleted(redis: Redis, { prefix, queueName }: SubjectKeys): Promise<number> {
  return redis.zcard(`${prefix}:${queueName}:completed`);
}

/** Entries in BullMQ's event stream of the queue. */
export function countQueueEvents(
  redis: Redis,
  { prefix, queueName }: SubjectKeys,
): Promise<number> {
  return redis.xlen(`${prefix}:${queueName}:events`);
}

/** All keys of the subject. Read before the first job, these are the keys that its running services rely on. */
export async function findKeys(redis: Redis, { prefix }: SubjectKeys): Promise<Set<string>> {
  const keys = new Set<string>();
  for await (const page of redis.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
    for (const key of page as string[]) keys.add(key);
  }
  return keys;
}

/** Removes all jobs and audit events. @param kept keys that stay, see `findKeys` */
export async function removeJobs(
  redis: Redis,
  keys: SubjectKeys,
  kept: ReadonlySet<string>,
): Promise<void> {
  const events = `${keys.prefix}:${keys.queueName}:events`;
  const found = await findKeys(redis, keys);
  // A consumer may be blocked on the event stream, so the stream is emptied instead of removed.
  const removed = [...found].filter((key) => !kept.has(key) && !/:(?:meta|events)$/.test(key));
  for (let at = 0; at < removed.length; at += 1_000) {
    await redis.unlink(...removed.slice(at, at + 1_000));
  }
  await redis.unlink(keys.auditStream);
  await redis.xtrim(events, 'MAXLEN', 0);
}
