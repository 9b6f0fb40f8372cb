import type { Writable } from 'node:stream';

/**
 * Sends everything that is written to the stream in one tick of the event loop with one system call at the end of the
 * tick, not one per command. Redis then also reads and answers the commands together. No command waits longer than the
 * tick.
 */
export function coalesceWrites(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  const uncork = () => stream.uncork();
  // `nextTick` callbacks that a microtask queues run after all microtasks of this tick.
  const atEndOfTick = () => process.nextTick(uncork);
  stream.write = (...args: unknown[]) => {
    if (stream.writableCorked === 0) {
      stream.cork();
      queueMicrotask(atEndOfTick);
    }
    return write(...args);
  };
}
