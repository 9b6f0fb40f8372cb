import type { Writable } from 'node:stream';

/**
 * Sends what is written to the stream in one iteration of the event loop with one system call, at its end: the commands of
 * all requests that were read together, and what their promises add. Redis then reads and answers them together as well.
 * A write waits until the callbacks of its iteration have run, and no longer.
 * https://nodejs.org/en/learn/asynchronous-work/event-loop-timers-and-nexttick
 */
export function coalesceWrites(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  const uncork = () => stream.uncork();
  stream.write = (...args: unknown[]) => {
    if (stream.writableCorked === 0) {
      stream.cork();
      setImmediate(uncork);
    }
    return write(...args);
  };
}
