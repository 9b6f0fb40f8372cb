import { createServer, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { logFault, type Logger } from '@promptq/shared/logging';

interface Deps {
  host: string;
  port: number;
  /** Whether this process fetches jobs. */
  isReady: () => boolean;
  /** The consumers that make no progress although there is work. */
  stuck: () => string[];
  registry: Registry;
  log: Logger;
}

/**
 * Serves `GET /healthz` (503 means that the process should be restarted), `GET /readyz` (whether it fetches jobs) and
 * `GET /metrics` (for Prometheus). @returns a function that closes the server
 */
export async function serveHealth({
  host,
  port,
  isReady,
  stuck,
  registry,
  log,
}: Deps): Promise<() => Promise<void>> {
  const server = createServer((req, res) => {
    const answer = (status: number, text: string) => {
      res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
      res.end(JSON.stringify({ status: text }));
    };
    if (req.url === '/healthz') {
      const names = stuck();
      return names.length === 0 ? answer(200, 'ok') : answer(503, `stuck: ${names.join(', ')}`);
    }
    if (req.url === '/readyz') return isReady() ? answer(200, 'ok') : answer(503, 'not ready');
    if (req.url === '/metrics') {
      void show(registry, res, log);
      return;
    }
    answer(404, 'not found');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

async function show(registry: Registry, res: ServerResponse, log: Logger): Promise<void> {
  try {
    const exposition = await registry.metrics();
    res.writeHead(200, { 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' });
    res.end(exposition);
  } catch (error) {
    logFault(log, error, 'could not collect the metrics');
    res.destroy();
  }
}
