import type { Writable } from 'node:stream';

/**
 * What is written to the stream in one turn of the event loop goes out in one system call at its end, instead of one
 * for each command: Redis reads and answers them together as well. Nothing waits for longer than the turn.
 */
export function coalesceWrites(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  const uncork = () => stream.uncork();
  // The queue of ticks is looked at when no promise of this turn has anything left to do.
  const atEndOfTick = () => process.nextTick(uncork);
  stream.write = (...args: unknown[]) => {
    if (stream.writableCorked === 0) {
      stream.cork();
      queueMicrotask(atEndOfTick);
    }
    return write(...args);
  };
}
