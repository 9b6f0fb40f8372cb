import type { Redis } from 'ioredis';
import { indexEntry, type IndexEntry } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';

interface IndexAppend {
  /** The index has been sent to Redis: what is sent from now on comes after it. */
  sent: Promise<void>;
  /** Redis has written it. */
  written: Promise<void>;
}

export type AppendToIndex = (jobId: string) => IndexAppend;

/**
 * Puts ids into the index of jobs. Those of one turn of the event loop go together, so that the index costs a busy
 * API one short command for many submissions, and a quiet one a fraction of a millisecond.
 */
export function indexWriter(redis: Redis, keys: RedisKeys): AppendToIndex {
  let entries: IndexEntry[] = [];
  let turn = newTurn();
  /** The last string that Redis has confirmed to be in the set of strings. */
  let known = -1;

  const write = async (batch: IndexEntry[]) => {
    const buckets = [...Map.groupBy(batch, ({ bucket }) => bucket)];
    const added = buckets.filter(([bucket]) => bucket !== known);
    await Promise.all([
      ...added.map(([bucket]) => redis.zadd(keys.index, bucket, bucket)),
      ...buckets.map(([bucket, members]) =>
        redis.append(keys.indexBucket(bucket), Buffer.concat(members.map(({ member }) => member))),
      ),
    ]);
    known = added.at(-1)?.[0] ?? known;
  };
  const flush = () => {
    const [batch, { sent, written }] = [entries, turn];
    entries = [];
    turn = newTurn();
    write(batch).then(written.resolve, written.reject);
    sent.resolve();
  };
  return (jobId) => {
    if (entries.length === 0) setImmediate(flush);
    entries.push(indexEntry(keys, jobId));
    return { sent: turn.sent.promise, written: turn.written.promise };
  };
}

function newTurn() {
  return { sent: Promise.withResolvers<void>(), written: Promise.withResolvers<void>() };
}
