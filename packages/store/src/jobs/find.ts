import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import type { JobRecord } from '@promptq/shared/jobs';
import { finishWaiting } from './finish-waiting.ts';
import { parseJobReply, type JobReply } from './job-reply.ts';

const find = defineScript(import.meta.url, 'find');

/**
 * Finds the job with this id in one round trip and O(1). An overdue job is finished first and returned as expired.
 * @param tenant the tenant that must own the job; `null`: any tenant
 * @returns `null` when there is no such job, when it is another tenant's, and when it is past its retention, even if it
 *   has not been removed yet
 * @throws {z.ZodError} when promptq did not write the job
 */
export async function findJob(
  context: StoreContext,
  id: string,
  tenant: string | null,
): Promise<JobRecord | null> {
  for (;;) {
    const reply = await readJob(context, id, tenant);
    if (reply === null) return null;
    const record = parseJobReply(id, reply);
    if (tenant !== null && record.data.tenant !== tenant) return null;
    if (reply[1] !== 'overdue') return isPastRetention(context, record) ? null : record;
    const finished = await finishWaiting(context, record, 'expired');
    if (typeof finished !== 'string') return finished;
  }
}

async function readJob(
  { redis, keys, queues }: StoreContext,
  id: string,
  tenant: string | null,
): Promise<JobReply | null> {
  const queue = queues.queueOf(id);
  if (queue === null) return null;
  return (await find(redis, {
    keys: [keys.job(queue, id)],
    control: {
      id,
      queue_root: keys.queueRoot(queue),
      owner: tenant === null ? undefined : `"tenant":${JSON.stringify(tenant)}`,
    },
  })) as JobReply | null;
}

/** Whether a job finished longer ago than finished jobs are kept. */
function isPastRetention(
  { resultTtlSeconds }: Pick<StoreContext, 'resultTtlSeconds'>,
  { state }: JobRecord,
): boolean {
  return 'finishedAtMs' in state && state.finishedAtMs + resultTtlSeconds * 1_000 < Date.now();
}
