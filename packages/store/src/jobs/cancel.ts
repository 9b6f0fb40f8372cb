import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import type { JobRecord } from '@promptq/shared/jobs';
import { findJob } from './find.ts';
import { finishWaiting } from './finish-waiting.ts';

const flag = defineScript(import.meta.url, 'cancel');

/**
 * Cancels a job: two round trips, one to read it and one to cancel it. A waiting job is cancelled when this resolves. A
 * running job is flagged and its worker is notified, which aborts the attempt and finishes the job. A finished job does
 * not change.
 * @param tenant the tenant that must own the job; `null`: any tenant
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
    // A worker has taken the job since it was read, so it is read again to return its current status.
    return record.state.at === 'active' ? withRequest(record, at) : findJob(context, id, tenant);
  }
}

/**
 * Flags a job without notifying its worker. A waiting job will not run; a running attempt continues. A caller that
 * cancels many jobs flags all of them first, because a worker that aborts one would otherwise start the next.
 * @returns the time of the first request, or `null` when the job does not exist or has finished
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
