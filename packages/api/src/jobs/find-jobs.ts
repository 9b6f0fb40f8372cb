import type { Redis } from 'ioredis';
import type { JobStatus, PublicJob } from '@promptq/shared/contracts';
import { readJob } from '@promptq/shared/queues';
import { toPublicJob } from '@promptq/shared/jobs';
import type { RedisKeys } from '@promptq/shared/redis';
import { isPastRetention } from './find-job.ts';
import { peekStatuses } from './glance.ts';
import { indexedIds, type IdQuery } from './indexed-ids.ts';

/** One request looks at so many ids, and reads so many jobs: the next page goes on from there. */
const maxIds = 10_000;
const maxReads = 500;
const idBatchSize = 100;
/** A job can have 1 MiB of input, and its answer. */
const readBatchSize = 10;

interface ListQuery extends IdQuery {
  status?: JobStatus | undefined;
  limit: number;
}

interface Deps {
  redis: Redis;
  keys: RedisKeys;
  resultTtlSeconds: number;
  /** Whose jobs. */
  tenant: string;
}

interface Found {
  jobs: PublicJob[];
  hasMore: boolean;
  /** The job to go on after: the last one that was looked at, whoever's it is. */
  lastId: string | null;
}

/**
 * The jobs that match, newest first. The order is that of their ids, which does not change while jobs run, end and
 * go, so pages neither skip nor repeat. A page that took all it may take can hold few jobs, or none, and still
 * have more behind it.
 * @param disconnected aborted when nobody waits for the answer any more
 */
export async function findJobs(
  deps: Deps,
  query: ListQuery,
  disconnected: AbortSignal,
): Promise<Found> {
  const { redis, keys } = deps;
  const { status, limit } = query;
  const jobs: PublicJob[] = [];
  let lastId: string | null = null;
  let [scanned, reads] = [0, 0];
  for await (const chunk of indexedIds(redis, keys, query, idBatchSize)) {
    const ids = status === undefined ? chunk.ids : await withStatus(deps, chunk.ids, status);
    for (let at = 0; at < ids.length; at += readBatchSize) {
      for (const [id, job] of await readAll(deps, ids.slice(at, at + readBatchSize))) {
        const isMatch = job !== null && (status === undefined || job.status === status);
        if (isMatch && jobs.length === limit) return { jobs, hasMore: true, lastId };
        if (jobs.length < limit) lastId = id;
        if (isMatch) jobs.push(job);
        reads += 1;
      }
      if (reads >= maxReads || disconnected.aborted) return { jobs, hasMore: true, lastId };
    }
    if (jobs.length < limit) lastId = chunk.lastId;
    scanned += chunk.size;
    if (scanned >= maxIds || disconnected.aborted) return { jobs, hasMore: true, lastId };
  }
  return { jobs, hasMore: false, lastId: jobs.at(-1)?.id ?? null };
}

/** Those that can have the status. */
async function withStatus(
  { redis, keys }: Deps,
  ids: string[],
  status: JobStatus,
): Promise<string[]> {
  if (ids.length === 0) return [];
  const statuses = await peekStatuses(redis, keys, ids);
  return ids.filter((_, at) => statuses[at]?.includes(status));
}

/** The jobs as clients see them; `null` for one that is no longer kept, or another tenant's. */
async function readAll(
  { redis, keys, resultTtlSeconds, tenant }: Deps,
  ids: string[],
): Promise<[string, PublicJob | null][]> {
  return Promise.all(
    ids.map(async (id): Promise<[string, PublicJob | null]> => {
      const record = await readJob(redis, keys, id, tenant);
      const nowMs = Date.now();
      const isKept = record && !isPastRetention(record, resultTtlSeconds, nowMs);
      if (!isKept || record.data.tenant !== tenant) return [id, null];
      return [id, toPublicJob(record, { resultTtlSeconds, includeInput: false, nowMs })];
    }),
  );
}
