import type { StoreContext } from '../context.ts';
import { guardVerbs } from '../guard-verbs.ts';
import { appendOutput, type OutputPiece, type OutputPosition } from './append.ts';
import { readOutput } from './read.ts';

/** `store.output`. */
export function outputVerbs(context: StoreContext) {
  return guardVerbs({
    append: (jobId: string, piece: OutputPiece, ttlSeconds: number) =>
      appendOutput(context, jobId, piece, ttlSeconds),
    read: (jobId: string, after: OutputPosition, limit: number) =>
      readOutput(context, jobId, after, limit),
  });
}
