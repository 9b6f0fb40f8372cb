import type { Redis } from 'ioredis';
import type { PublicJob } from '@promptq/shared/contracts';
import { readJob, toPublicJob } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';
import { isOver } from './find-job.ts';
import { glance } from './glance.ts';
import { indexedIds } from './indexed-ids.ts';
import type { ListQuery } from './list-query.ts';

/** One request looks at so many ids, and reads so many jobs: the next page goes on from there. */
const mostIds = 10_000;
const mostReads = 500;
const idsAtOnce = 100;
/** A job can have 1 MiB of input, and its answer. */
const readsAtOnce = 10;

interface Needs {
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
 * @param gone aborted when nobody waits for the answer any more
 */
export async function findJobs(needs: Needs, query: ListQuery, gone: AbortSignal): Promise<Found> {
  const { redis, keys } = needs;
  const { status, limit } = query;
  const jobs: PublicJob[] = [];
  let lastId: string | null = null;
  let [looked, reads] = [0, 0];
  for await (const chunk of indexedIds(redis, keys, query, idsAtOnce)) {
    const ids = status === undefined ? chunk.ids : await withStatus(needs, chunk.ids, status);
    for (let at = 0; at < ids.length; at += readsAtOnce) {
      for (const [id, job] of await readAll(needs, ids.slice(at, at + readsAtOnce))) {
        const isMatch = job !== null && (status === undefined || job.status === status);
        if (isMatch && jobs.length === limit) return { jobs, hasMore: true, lastId };
        if (jobs.length < limit) lastId = id;
        if (isMatch) jobs.push(job);
        reads += 1;
      }
      if (reads >= mostReads || gone.aborted) return { jobs, hasMore: true, lastId };
    }
    if (jobs.length < limit) lastId = chunk.lastId;
    looked += chunk.size;
    if (looked >= mostIds || gone.aborted) return { jobs, hasMore: true, lastId };
  }
  return { jobs, hasMore: false, lastId: jobs.at(-1)?.id ?? null };
}

/** Those that can have the status. */
async function withStatus(
  { redis, keys }: Needs,
  ids: string[],
  status: NonNullable<ListQuery['status']>,
): Promise<string[]> {
  if (ids.length === 0) return [];
  const statuses = await glance(redis, keys, ids);
  return ids.filter((_, at) => statuses[at]?.includes(status));
}

/** The jobs as clients see them; `null` for one that is no longer kept, or another tenant's. */
async function readAll(
  { redis, keys, resultTtlSeconds, tenant }: Needs,
  ids: string[],
): Promise<[string, PublicJob | null][]> {
  return Promise.all(
    ids.map(async (id): Promise<[string, PublicJob | null]> => {
      const record = await readJob(redis, keys, id, tenant);
      const nowMs = Date.now();
      const isKept = record && !isOver(record, resultTtlSeconds, nowMs);
      if (!isKept || record.data.tenant !== tenant) return [id, null];
      return [id, toPublicJob(record, { resultTtlSeconds, includeInput: false, nowMs })];
    }),
  );
}
