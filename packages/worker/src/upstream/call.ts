import OpenAI from 'openai';
import type { Pool } from 'undici';
import type { Tracing } from '@promptq/shared/tracing';
import type { UpstreamObserver } from './observer.ts';
import { endCall } from '../tracing/trace-calls.ts';
import { exchange, type Exchanged } from './exchange.ts';

interface CallOptions {
  signal: AbortSignal;
  headers: Record<string, string>;
}

interface CallDeps {
  metrics: Pick<UpstreamObserver, 'called'>;
  /** `null`: calls are not traced. */
  tracing: Pick<Tracing, 'begin'> | null;
}

/** Makes a chat completion that is not streamed. @returns the JSON of the answer, not validated */
export type Call = (
  request: OpenAI.ChatCompletionCreateParamsNonStreaming,
  options: CallOptions,
) => Promise<unknown>;

/**
 * Calls the upstream like the client, with its URL, key and errors, but directly over the pool. The client's headers,
 * `Request` and `Response` take half of the CPU time of a call (see bench/README.md).
 */
export function callsOf(client: OpenAI, pool: Pool, { metrics, tracing }: CallDeps): Call {
  const path = `${new URL(client.baseURL).pathname.replace(/\/$/, '')}/chat/completions`;
  const common = {
    accept: 'application/json',
    // A pooled request does not decompress, so the answer must not be compressed.
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    authorization: `Bearer ${client.apiKey}`,
    'user-agent': 'promptq',
    ...(client.organization ? { 'openai-organization': client.organization } : {}),
    ...(client.project ? { 'openai-project': client.project } : {}),
  };
  return async (request, { signal, headers }) => {
    const body = JSON.stringify(request);
    const span = tracing?.begin('client', 'upstream');
    const startedAtMs = performance.now();
    let answer: Exchanged | null = null;
    try {
      answer = await exchange(pool, {
        path,
        headers: { ...common, ...headers, ...span?.headers },
        body,
        signal,
      });
    } catch (cause) {
      throw signal.aborted ? new OpenAI.APIUserAbortError() : connectionError(cause);
    } finally {
      const status = answer?.status ?? null;
      metrics.called(status, performance.now() - startedAtMs);
      if (span) endCall(span, status, 400);
    }
    if (answer.status < 200 || answer.status > 299) throw statusError(answer);
    return isJson(answer) ? JSON.parse(answer.body) : answer.body;
  };
}

function connectionError(cause: unknown): Error {
  return new OpenAI.APIConnectionError(cause instanceof Error ? { cause } : {});
}

/** Makes the error as the client does: from the JSON of the body, or from its text. */
function statusError({ status, headers, body }: Exchanged): Error {
  const given = new Headers(
    Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      [value ?? []].flat().map((one) => [name, one]),
    ),
  );
  let parsed: object | undefined;
  try {
    parsed = JSON.parse(body) as object;
  } catch {
    // The body is not JSON. The client uses such a text as the error's message, which is never shown.
  }
  return OpenAI.APIError.generate(status, parsed ?? undefined, parsed ? undefined : body, given);
}

function isJson({ headers }: Exchanged): boolean {
  const type = String(headers['content-type']).split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type === 'application/json' || type.endsWith('+json');
}
