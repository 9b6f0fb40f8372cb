import type { StoreContext } from '../context.ts';
import { queueNameFor, webhooksQueue, type QueueKind } from '../queues/registry.ts';
import { defineScript } from '../scripts/script.ts';

const page = defineScript(import.meta.url, 'board-page');
const one = defineScript(import.meta.url, 'board-job');

/** The states of BullMQ that the board shows. */
export type BoardState = 'active' | 'waiting' | 'prioritized' | 'delayed' | 'completed' | 'failed';

/** A job's id, its state, and the requested fields in the order of the request. */
export type BoardRow = [id: string, state: BoardState, fields: (string | null)[]];

const sortedStates = ['prioritized', 'delayed', 'completed', 'failed'] as const;

/**
 * The jobs of these states, from `first` to `last` of each state, both included.
 * @param fields of BullMQ's job hash; every job must have the first one
 */
export async function readBoardPage(
  { redis, keys }: StoreContext,
  kind: QueueKind,
  states: readonly BoardState[],
  { first, last, fields }: { first: number; last: number; fields: readonly string[] },
): Promise<BoardRow[]> {
  if (states.length === 0) return [];
  const queue = queueNameFor(kind);
  return (await page(redis, {
    keys: states.map((state) => keys.queueKey(queue, state === 'waiting' ? 'wait' : state)),
    control: { queue_root: keys.queueRoot(queue), first, last, states, fields },
  })) as BoardRow[];
}

/** The job with this id, or `null` when the queue does not have it. */
export async function readBoardJob(
  context: StoreContext,
  kind: QueueKind,
  id: string,
  fields: readonly string[],
): Promise<BoardRow | null> {
  const { redis, keys } = context;
  if (!isIdIn(context, kind, id)) return null;
  const queue = queueNameFor(kind);
  const job = keys.job(queue, id);
  return (await one(redis, {
    keys: [job, `${job}:lock`, ...sortedStates.map((state) => keys.queueKey(queue, state))],
    control: { id, states: sortedStates, fields },
  })) as BoardRow | null;
}

/** Any other text could be the name of a BullMQ key that is not a hash. */
function isIdIn({ queues }: StoreContext, kind: QueueKind, id: string): boolean {
  return kind === webhooksQueue ? /^dlv_\w+$/.test(id) : queues.queueOf(id) === queueNameFor(kind);
}
