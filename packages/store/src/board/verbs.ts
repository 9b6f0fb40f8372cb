import type { StoreContext } from '../context.ts';
import { guardVerbs } from '../guard-verbs.ts';
import type { QueueKind } from '../queues/registry.ts';
import { readBoardJob, readBoardPage, type BoardState } from './read-board.ts';

/** `store.board`. */
export function boardVerbs(context: StoreContext) {
  return guardVerbs({
    readPage: (
      kind: QueueKind,
      states: readonly BoardState[],
      page: { first: number; last: number; fields: readonly string[] },
    ) => readBoardPage(context, kind, states, page),
    readJob: (kind: QueueKind, id: string, fields: readonly string[]) =>
      readBoardJob(context, kind, id, fields),
  });
}
