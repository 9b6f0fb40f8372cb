import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import type { JobRecord } from '@promptq/shared/jobs';
import { findJob } from './find.ts';
import { finishWaiting } from './finish-waiting.ts';

const flag = defineScript(import.meta.url, 'cancel');

/**
 * Cancels a job: two round trips, one to read it and one to cancel it. A waiting job is cancelled when this resolves. A
 * running job is flagged and its worker is told: it aborts the attempt and finishes the job. A finished job stays as it is.
 * @param tenant whose job it has to be; `null`: anybody's
 * @returns the job as it is now, or `null` when there is no such job
 */
export async function cancelJob(
  context: StoreContext,
  id: string,
  tenant: string | null,
): Promise<JobRecord | null> {
  for (;;) {
    const record = await findJob(context, id, tenant);
    if (record === null || 'finishedAtMs' in record.state) return record;
    if (record.state.at !== 'active') {
      const requested = withRequest(record, Date.now());
      const finished = await finishWaiting(context, requested, 'cancelled');
      if (typeof finished !== 'string') return finished;
      if (finished === 'changed') continue;
    }
    const at = await flagCancelled(context, id, context.keys.cancelChannel);
    if (at === null) continue;
    // A worker has taken it since it was read as waiting: what is returned has to be true.
    return record.state.at === 'active' ? withRequest(record, at) : findJob(context, id, tenant);
  }
}

/**
 * Flags a job without telling its worker: it is not run when its turn comes, and an attempt that runs goes on. Those who
 * cancel many jobs flag all of them first, or the workers that abort one would begin the next.
 * @returns the moment of the first request, or `null` when the job is gone or finished
 */
export async function flagCancelled(
  { redis, keys, queues }: StoreContext,
  id: string,
  channel = '',
): Promise<number | null> {
  const queue = queues.queueOf(id);
  if (queue === null) return null;
  const at = await flag(redis, {
    keys: [keys.job(queue, id)],
    control: { id, at: Date.now(), channel },
  });
  return at === '' ? null : Number(at);
}

function withRequest(record: JobRecord, atMs: number): JobRecord {
  return {
    ...record,
    data: { ...record.data, cancel_requested_at: record.data.cancel_requested_at ?? atMs },
  };
}
