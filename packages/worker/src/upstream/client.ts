import OpenAI from 'openai';
import { Pool } from 'undici';
import type { Tracing } from '@promptq/shared/tracing';
import type { UpstreamObserver } from './observer.ts';
import { measureCalls } from './measure.ts';
import { traceCalls } from '../tracing/trace-calls.ts';
import { callsOf, type Call } from './call.ts';
import { poolFetch } from './pool-fetch.ts';

const defaultBaseUrl = 'https://api.openai.com/v1';
/** The longest that a timer of Node.js can wait. An attempt has its own limit; the SDK's would cut long ones short. */
const noTimeoutMs = 2 ** 31 - 1;
const connectTimeoutMs = 10_000;

export interface Upstream {
  client: OpenAI;
  /** As the client calls, for answers that are not streamed. */
  call: Call;
  close(): Promise<void>;
}

/**
 * The one client of a worker process, for its whole life, over one pool of kept-alive connections.
 * @param options.connections the most calls in flight at once; it opens them as they are needed
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
    // Upstreams without authentication ignore it; the SDK insists on one.
    apiKey: options.apiKey ?? 'none',
    baseURL,
    fetch: options.tracing ? traceCalls(call, 'upstream', options.tracing) : call,
    // Retries are jobs' attempts: they survive the process, and are counted and backed off across the pool.
    maxRetries: 0,
    timeout: noTimeoutMs,
    // Its log would show prompts.
    logLevel: 'off',
  });
  return { client, call: callsOf(client, pool, options), close: () => pool.destroy() };
}
