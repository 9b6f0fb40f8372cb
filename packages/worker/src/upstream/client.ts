import OpenAI from 'openai';
import { Pool } from 'undici';
import type { Tracing } from '@promptq/shared/tracing';
import type { UpstreamObserver } from './observer.ts';
import { measureCalls } from './measure.ts';
import { traceCalls } from '../tracing/trace-calls.ts';
import { callsOf, type Call } from './call.ts';
import { poolFetch } from './pool-fetch.ts';

const defaultBaseUrl = 'https://api.openai.com/v1';
/**
 * The longest time that a timer of Node.js can wait. Attempts have their own timeout, and the SDK's would end long
 * ones.
 */
const noTimeoutMs = 2 ** 31 - 1;
const connectTimeoutMs = 10_000;

export interface Upstream {
  client: OpenAI;
  /** Calls like the client, for answers that are not streamed. */
  call: Call;
  close(): Promise<void>;
}

/**
 * Opens the client of a worker process over one pool of keep-alive connections. A process has one client.
 * @param options.connections the maximum number of connections, which are opened when needed
 */
export function openUpstream(options: {
  apiKey: string | undefined;
  baseUrl: string | undefined;
  connections: number;
  metrics: Pick<UpstreamObserver, 'called'>;
  tracing: Pick<Tracing, 'begin'> | null;
}): Upstream {
  const baseURL = options.baseUrl ?? defaultBaseUrl;
  const pool = new Pool(new URL(baseURL).origin, {
    connections: options.connections,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs },
  });
  const call = measureCalls(poolFetch(pool), options.metrics);
  const client = new OpenAI({
    // The SDK requires a key. Upstreams without authentication ignore it.
    apiKey: options.apiKey ?? 'none',
    baseURL,
    fetch: options.tracing ? traceCalls(call, 'upstream', options.tracing) : call,
    // Jobs are retried as attempts, which survive the process and are counted and delayed across the pool.
    maxRetries: 0,
    timeout: noTimeoutMs,
    // Its log would show prompts.
    logLevel: 'off',
  });
  return { client, call: callsOf(client, pool, options), close: () => pool.destroy() };
}
