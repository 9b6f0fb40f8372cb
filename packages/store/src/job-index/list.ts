import type { JobStatus } from '@promptq/shared/contracts';
import type { StoreContext } from '../context.ts';
import { findJob } from '../jobs/find.ts';
import { statusOf, type JobRecord } from '@promptq/shared/jobs';
import { indexedIds, type IdQuery } from './indexed-ids.ts';
import { peekJobs, statusesOf } from './peek.ts';

/**
 * The limits of the work for one page. A page with at least one job ends after `maxIds` scanned ids or `maxReads` jobs,
 * and the next page continues from there. An empty page may scan more, because its client would ask again immediately.
 */
export interface ListBounds {
  maxIds: number;
  maxReads: number;
  maxIdsOfEmptyPage: number;
}
const defaultBounds: ListBounds = { maxIds: 10_000, maxReads: 500, maxIdsOfEmptyPage: 200_000 };

const idBatchSize = 200;
/** Small, because a job can have 1 MiB of input and an answer. */
const readBatchSize = 10;

export interface JobQuery extends IdQuery {
  /** The owner of the jobs; `null`: all tenants. */
  tenant: string | null;
  status?: JobStatus | undefined;
  limit: number;
}

export interface JobPage {
  jobs: JobRecord[];
  hasMore: boolean;
  /**
   * The id after which the next page begins: the last one that was scanned. It is this tenant's, and may no longer
   * exist.
   */
  lastId: string | null;
}

/**
 * Lists the jobs that match, newest first. The order is that of the ids, which never changes, so pages neither skip nor
 * repeat a job. A page can hold fewer jobs than `limit` although more follow. An empty page is followed by more only
 * when none of `maxIdsOfEmptyPage` jobs matches.
 *
 * An overdue job that the list reads is finished as expired first.
 * @param signal aborted when the client has disconnected
 */
export async function listJobs(
  context: StoreContext,
  query: JobQuery,
  signal: AbortSignal,
  bounds: ListBounds = defaultBounds,
): Promise<JobPage> {
  const { tenant, status, limit } = query;
  const index = tenant === null ? 'all' : `tenant:${tenant}`;
  const jobs: JobRecord[] = [];
  let lastId: string | null = null;
  let [scanned, reads] = [0, 0];
  const isSpent = () =>
    signal.aborted ||
    scanned >= (jobs.length > 0 ? bounds.maxIds : bounds.maxIdsOfEmptyPage) ||
    (jobs.length > 0 && reads >= bounds.maxReads);
  for await (const chunk of indexedIds(context, index, query, idBatchSize)) {
    // The newest jobs usually still exist. For older ones, a round trip that filters out removed jobs pays off.
    const isWorthReading = status === undefined && scanned === 0;
    const ids = isWorthReading ? chunk.ids : await withStatus(context, chunk.ids, status);
    for (let at = 0; at < ids.length; at += readBatchSize) {
      const some = ids.slice(at, at + readBatchSize);
      const records = await Promise.all(some.map((id) => findJob(context, id, tenant)));
      for (const [i, record] of records.entries()) {
        const isMatch = record && (status === undefined || statusOf(record).status === status);
        if (isMatch && jobs.length === limit) return { jobs, hasMore: true, lastId };
        if (jobs.length < limit) lastId = some[i] as string;
        if (isMatch) jobs.push(record);
        reads += 1;
      }
      if (isSpent()) return { jobs, hasMore: true, lastId };
    }
    if (jobs.length < limit) lastId = chunk.lastId;
    scanned += chunk.size;
    if (isSpent()) return { jobs, hasMore: true, lastId };
  }
  return { jobs, hasMore: false, lastId: jobs.at(-1)?.id ?? null };
}

/** The jobs that are still kept and may have the status. */
async function withStatus(
  context: StoreContext,
  ids: string[],
  status: JobStatus | undefined,
): Promise<string[]> {
  if (ids.length === 0) return [];
  const states = await peekJobs(context, ids);
  return ids.filter((_, at) => {
    const statuses = statusesOf(states[at] ?? { at: 'gone' });
    return status === undefined ? statuses.length > 0 : statuses.includes(status);
  });
}
