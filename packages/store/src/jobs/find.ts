import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import type { JobRecord } from '@promptq/shared/jobs';
import { finishWaiting } from './finish-waiting.ts';
import { parseJobReply, type JobReply } from './job-reply.ts';

const find = defineScript(import.meta.url, 'find');

/**
 * The job with this id: one round trip, O(1). A waiting job whose time to start is over is finished first and returned as
 * expired.
 * @param tenant whose job it has to be; `null`: anybody's
 * @returns `null` when there is no such job, when it is another tenant's, and when it finished so long ago that it is no
 *   longer kept, even if it has not been removed yet
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

/** Whether a finished job is no longer kept. */
export function isPastRetention(
  { resultTtlSeconds }: Pick<StoreContext, 'resultTtlSeconds'>,
  { state }: JobRecord,
): boolean {
  return 'finishedAtMs' in state && state.finishedAtMs + resultTtlSeconds * 1_000 < Date.now();
}
