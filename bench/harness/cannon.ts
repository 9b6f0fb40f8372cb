import autocannon from 'autocannon';
import { percentile } from './rounds.ts';

export interface CannonFigures {
  perSecond: number;
  p99Ms: number;
}

/** Sends requests side by side for so long. @throws {Error} when one is not answered with 2xx */
export async function fire(options: {
  port: number;
  connections: number;
  seconds: number;
  /** Beside the type of the body. */
  headers?: Record<string, string>;
  /** Sent in turns by each connection. */
  requests: { method: 'GET' | 'POST'; path: string; body?: string }[];
}): Promise<CannonFigures> {
  // autocannon's own histogram holds whole milliseconds.
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let endedAt = startedAt;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const running = autocannon(
      {
        url: `http://127.0.0.1:${options.port}`,
        connections: options.connections,
        duration: options.seconds,
        headers: { 'content-type': 'application/json', ...options.headers },
        requests: options.requests,
      },
      (error: Error | null, result) => (error ? reject(error) : resolve(result)),
    );
    running.on('response', (_client, _status, _bytes, ms) => {
      latenciesMs.push(ms);
      endedAt = performance.now();
    });
  });
  const bad = result.non2xx + result.errors + result.timeouts;
  if (bad > 0) throw new Error(`${bad} of ${latenciesMs.length} requests went wrong`);
  return {
    perSecond: (latenciesMs.length * 1_000) / (endedAt - startedAt),
    p99Ms: percentile(latenciesMs, 0.99),
  };
}
