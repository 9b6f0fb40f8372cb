import type { Response } from 'express';

const pingIntervalMs = 15_000;
/** A client that takes nothing for so long while there is something for it has left, or might as well have. */
const drainTimeoutMs = 30_000;
/** After this pause a browser comes back by itself when the connection is lost. */
const reconnectDelayMs = 1_000;
/** A process that stops does not wait longer for a client that takes nothing. */
const finalDrainMs = 1_000;

/** An answer of server-sent events (HTML standard, "Server-sent events"). */
export interface SseWriter {
  /** Resolves when there is room for more, or the client has left. */
  send(event: string, id: string, data: unknown): Promise<void>;
  /** Ends the answer. The process stops: a client that does not take the rest in a second is left. */
  end(isStopping: boolean): void;
}

/** Begins the answer. What a slow client leaves untaken is bounded: nothing more is written until it has taken it. */
export function openSseWriter(res: Response, timeoutMs = drainTimeoutMs): SseWriter {
  res.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    // nginx would hold events back until its buffer is full.
    'X-Accel-Buffering': 'no',
  });
  res.flushHeaders();
  // The timer of the socket starts again whenever the client takes anything (Node.js, `net.Socket.setTimeout`).
  res.setTimeout(timeoutMs, () => res.destroy());
  res.write(`retry: ${reconnectDelayMs}\n\n`);
  const pingTimer = setInterval(() => {
    if (!res.writableNeedDrain) res.write(': ping\n\n');
  }, pingIntervalMs);
  res.once('close', () => clearInterval(pingTimer));
  return {
    send: async (event, id, data) => {
      if (res.closed) return;
      const hasRoom = res.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
      if (hasRoom) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      res.once('drain', resolve).once('close', resolve);
      await promise;
      res.off('drain', resolve).off('close', resolve);
    },
    end: (isStopping) => {
      clearInterval(pingTimer);
      res.end();
      if (!isStopping) return;
      const timer = setTimeout(() => res.destroy(), finalDrainMs);
      res.once('close', () => clearTimeout(timer));
    },
  };
}
