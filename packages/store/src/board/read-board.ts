import type { StoreContext } from '../context.ts';
import { queueNameFor, webhooksQueue, type QueueKind } from '../queues/registry.ts';
import { defineScript } from '../scripts/script.ts';

const page = defineScript(import.meta.url, 'board-page');
const one = defineScript(import.meta.url, 'board-job');

/** BullMQ's states, as the board names them. */
export type BoardState = 'active' | 'waiting' | 'prioritized' | 'delayed' | 'completed' | 'failed';

/** A job's id, its state, and the fields that were asked for, in their order. */
export type BoardRow = [id: string, state: BoardState, fields: (string | null)[]];

const sortedStates = ['prioritized', 'delayed', 'completed', 'failed'] as const;

/**
 * The jobs of these states from `first` to `last`, both included and counted in each state by itself.
 * @param fields of BullMQ's job hash; the first one has to be a field that every job has
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

/** The job with this id, or `null` when the queue has none (any more). */
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

/** Another text could be one of BullMQ's keys, and no hash. */
function isIdIn({ queues }: StoreContext, kind: QueueKind, id: string): boolean {
  return kind === webhooksQueue ? /^dlv_\w+$/.test(id) : queues.queueOf(id) === queueNameFor(kind);
}
