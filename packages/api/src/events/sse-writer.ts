import type { Response } from 'express';

const pingIntervalMs = 15_000;
/** A client that reads nothing for this long while data is pending is disconnected. */
const drainTimeoutMs = 30_000;
/** The delay after which a browser reconnects by itself. */
const reconnectDelayMs = 1_000;
/** How long a stopping process waits for a client that reads nothing. */
const finalDrainMs = 1_000;

/** A response with server-sent events (HTML standard, "Server-sent events"). */
export interface SseWriter {
  /** Resolves when the client can receive more or has disconnected. */
  send(event: string, id: string, data: unknown): Promise<void>;
  /** Ends the response. If the process stops, a client that does not read the rest within a second is disconnected. */
  end(isStopping: boolean): void;
}

/** Begins the response. A slow client's backlog is bounded: nothing is written until it has read what was sent. */
export function openSseWriter(res: Response, timeoutMs = drainTimeoutMs): SseWriter {
  res.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    // nginx would hold events back until its buffer is full.
    'X-Accel-Buffering': 'no',
  });
  res.flushHeaders();
  // The socket's timer restarts whenever the client reads something (Node.js, `net.Socket.setTimeout`).
  res.setTimeout(timeoutMs, () => res.destroy());
  res.write(`retry: ${reconnectDelayMs}\n\n`);
  const pingTimer = setInterval(() => {
    if (!res.writableNeedDrain) res.write(': ping\n\n');
  }, pingIntervalMs);
  res.once('close', () => clearInterval(pingTimer));
  return {
    send: async (event, id, data) => {
      if (res.closed) return;
      const isWritable = res.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
      if (isWritable) return;
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
