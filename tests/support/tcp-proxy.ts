import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** Refuses connections and resets the open ones, as when the server behind it has died. */
  down(): Promise<void>;
  /** Keeps connections open and passes nothing on, as when the network swallows every packet. */
  swallow(): void;
  /** Passes on what clients say and swallows what the server answers. */
  swallowAnswers(): void;
  /** Passes nothing more on for the connections that are open now; new ones work. Neither side notices. */
  swallowOpen(): void;
  /** Passes everything on again, on the same port. */
  up(): Promise<void>;
  close(): Promise<void>;
}

/** Stands between a service and a server, so that a test can take the server away and give it back. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const swallowed = new Set<Socket>();
  let swallowing: 'all' | 'answers' | null = null;
  let server: Server;
  const serve = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server = createServer((client) => {
        const upstream = connect(target.port, target.host);
        for (const [from, to] of [
          [client, upstream],
          [upstream, client],
        ] as const) {
          sockets.add(from);
          from.on('data', (chunk) => {
            const isLost = swallowing === 'all' || (swallowing !== null && from === upstream);
            if (!isLost && !swallowed.has(from)) to.write(chunk);
          });
          from.on('error', () => to.destroy());
          from.on('close', () => {
            sockets.delete(from);
            swallowed.delete(from);
            to.destroy();
          });
        }
      });
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  const port = await serve(0);
  const reset = () => sockets.forEach((socket) => socket.resetAndDestroy());
  const down = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    reset();
    await closed;
  };
  return {
    port,
    down,
    swallow: () => {
      swallowing = 'all';
    },
    swallowAnswers: () => {
      swallowing = 'answers';
    },
    swallowOpen: () => {
      for (const socket of sockets) swallowed.add(socket);
    },
    up: async () => {
      if (swallowing) reset();
      swallowing = null;
      if (!server.listening) await serve(port);
    },
    close: async () => {
      if (server.listening) await down();
    },
  };
}
