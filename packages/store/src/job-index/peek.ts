import type { JobStatus } from '@promptq/shared/contracts';
import { readFailure } from '@promptq/shared/failure';
import type { StoreContext } from '../context.ts';
import { defineScript } from '../scripts/script.ts';
import { failedStatus } from '@promptq/shared/jobs';

const peek = defineScript(import.meta.url, 'peek');

/** The state of a job, read without its data: see peek.lua. */
export type PeekedState =
  | { at: 'gone' | 'completed' | 'active' | 'claimed' | 'waiting' | 'overdue' }
  | { at: 'failed'; status: 'failed' | 'cancelled' | 'expired' };

type Reply =
  | ['gone' | 'completed' | 'active' | 'claimed' | 'waiting' | 'overdue']
  | ['failed', string, string];

/** The states of jobs in the order of `ids`, in one round trip. */
export async function peekJobs(
  { redis, keys, queues, resultTtlSeconds }: StoreContext,
  ids: string[],
): Promise<PeekedState[]> {
  const known = ids.flatMap((id) => {
    const queue = queues.queueOf(id);
    return queue === null ? [] : [[id, keys.job(queue, id)] as const];
  });
  if (known.length === 0) return ids.map(() => ({ at: 'gone' }));
  const reply = (await peek(redis, {
    keys: known.map(([, key]) => key),
    control: { ttl: resultTtlSeconds * 1_000 },
  })) as Reply[];
  const states = new Map(known.map(([id], at) => [id, parseState(reply[at] ?? ['gone'])]));
  return ids.map((id) => states.get(id) ?? { at: 'gone' });
}

/** The statuses that a job in this state may have when it is read. */
export function statusesOf(state: PeekedState): JobStatus[] {
  switch (state.at) {
    case 'gone':
      return [];
    case 'completed':
      return ['completed'];
    case 'failed':
      return [state.status];
    case 'active':
      return ['in_progress'];
    case 'claimed':
      return ['in_progress', 'queued', 'expired'];
    case 'overdue':
      return ['expired'];
    case 'waiting':
      return ['queued'];
  }
}

function parseState([at, reason = '', stalls = '0']: Reply): PeekedState {
  if (at !== 'failed') return { at };
  return { at, status: failedStatus(readFailure(reason, Number(stalls))) };
}
