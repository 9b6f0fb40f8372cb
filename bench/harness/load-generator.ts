import autocannon from 'autocannon';
import { percentile } from './rounds.ts';

export interface GeneratedLoad {
  port: number;
  connections: number;
  seconds: number;
  /** Sent with each request, in addition to the content type. */
  headers?: Record<string, string>;
  /** Each connection sends these requests in order and starts again after the last one. */
  requests: { method: 'GET' | 'POST'; path: string; body?: string }[];
}

export interface LoadResult {
  perSecond: number;
  p99Ms: number;
}

/**
 * Sends requests over all connections in parallel, as fast as they are answered.
 * @throws {Error} when a response is missing or its status is not 2xx
 */
export async function generateLoad(load: GeneratedLoad): Promise<LoadResult> {
  // autocannon's own histogram only has whole milliseconds.
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let endedAt = startedAt;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const running = autocannon(
      {
        url: `http://127.0.0.1:${load.port}`,
        connections: load.connections,
        duration: load.seconds,
        headers: { 'content-type': 'application/json', ...load.headers },
        requests: load.requests,
      },
      (error: Error | null, result) => (error ? reject(error) : resolve(result)),
    );
    running.on('response', (_client, _status, _bytes, ms) => {
      latenciesMs.push(ms);
      endedAt = performance.now();
    });
  });
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) throw new Error(`${failed} of ${latenciesMs.length} requests failed`);
  return {
    perSecond: (latenciesMs.length * 1_000) / (endedAt - startedAt),
    p99Ms: percentile(latenciesMs, 0.99),
  };
}
