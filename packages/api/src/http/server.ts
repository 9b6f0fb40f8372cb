import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';

const closeIdleEveryMs = 50;

/** Listens; port 0 takes a free one. @returns the server and the port it got */
export async function listen(
  app: Express,
  address: { host: string; port: number },
): Promise<{ server: Server; port: number }> {
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/**
 * Stops accepting and resolves when the open requests are answered. A connection that was busy when the
 * server closed is kept alive afterwards and would hold the close for seconds, so idle ones are closed
 * again and again until none is left.
 */
export async function closeServer(server: Server): Promise<void> {
  const sweep = setInterval(() => server.closeIdleConnections(), closeIdleEveryMs);
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
    });
  } finally {
    clearInterval(sweep);
  }
}
