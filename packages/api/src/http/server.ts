import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { answerUnreadable } from '../problems/unreadable-request.ts';

/** The time limit for the head of a request, checked every few seconds. */
const headersTimeoutMs = 15_000;
const pollIntervalMs = 5_000;
/** How long a client may still send its body after it was answered. */
const restOfBodyMs = 5_000;

export interface HttpServer {
  port: number;
  /** Stops accepting and resolves when every open request is answered. */
  close: () => Promise<void>;
}

/**
 * Listens; port 0 takes a free one.
 * Node.js alone cannot close a server quickly: it waits for connections that never sent a request and for connections
 * that are kept alive. So this function tracks the connections. `close` ends idle connections immediately and each of
 * the others after its response.
 */
export async function listen(
  app: RequestListener,
  address: { host: string; port: number },
): Promise<HttpServer> {
  const owed = new Map<Socket, Set<ServerResponse>>();
  let closing = false;
  const limits = { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: pollIntervalMs };
  const server = createServer(limits, (req, res) => {
    const answers = owed.get(req.socket);
    answers?.add(res);
    if (closing) res.setHeader('Connection', 'close');
    res.once('close', () => {
      answers?.delete(res);
      if (!req.complete) endUnlessComplete(req);
      if (closing && answers?.size === 0) req.socket.end();
    });
    app(req, res);
  });
  server.on('connection', (socket) => {
    owed.set(socket, new Set());
    socket.once('close', () => owed.delete(socket));
  });
  server.on('clientError', (error, stream) => {
    const socket = stream as Socket;
    // Nothing else may be written into a response that has begun.
    const hasBegun = [...(owed.get(socket) ?? [])].some(({ headersSent }) => headersSent);
    if (hasBegun) socket.destroy();
    else answerUnreadable(error, socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      closing = true;
      const closed = new Promise<void>((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
      });
      for (const [socket, answers] of owed) {
        if (answers.size === 0) socket.destroy();
        for (const res of answers) if (!res.headersSent) res.setHeader('Connection', 'close');
      }
      await closed;
    },
  };
}

/** Closes the connection of a request whose body does not end in time. */
function endUnlessComplete(req: IncomingMessage): void {
  const timer = setTimeout(() => {
    if (!req.complete) req.socket.destroy();
  }, restOfBodyMs).unref();
  req.once('close', () => clearTimeout(timer));
}
