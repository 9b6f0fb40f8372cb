import { Agent } from 'undici';
import type { TryError } from '@promptq/shared/contracts';
import type { TargetGuard } from '@promptq/shared/webhooks';
import type { Attempt } from '../attempts/attempt.ts';
import { readRetryAfter } from '../retry-after.ts';
import { checkedConnector, type ConnectorOptions } from './checked-connector.ts';
import { sendErrorOf } from './send-error.ts';

/** How much of an answer is read, and how much of it is shown. */
const maxAnswerBytes = 16 * 1024;
const maxShownBytes = 1024;
const connectMs = 5_000;
/** An idle connection is closed before most receivers close theirs. */
const idleMs = 2_000;
/**
 * Above this number of open connections, new ones are not kept alive, because there can be as many receivers as jobs.
 */
const maxKeptConnections = 200;

/** The result of one try. It has either a status or an error. */
export interface TryResult {
  status: number | null;
  error: TryError | null;
  durationMs: number;
  /** The first 1 KiB of the answer, as text. */
  answer: string | null;
  retryAfterMs: number | null;
}

interface SendRequest {
  url: string;
  /** The headers of this webhook, with the signature. `send` adds the headers that all webhooks have. */
  headers: Record<string, string>;
  body: string;
}

export interface Sender {
  /**
   * Makes one try: a POST that follows no redirect and reads at most 16 KiB of the answer. It makes no connection to an
   * address that is not allowed.
   * @param attempt the timeout and the abort signal; a status that arrived before the abort counts
   * @returns `null` when the try was aborted before a status arrived, for another cause than the timeout
   * @throws errors that are not from the network
   */
  send(request: SendRequest, attempt: Pick<Attempt, 'signal' | 'cause'>): Promise<TryResult | null>;
  /** How many connections are open. */
  connections(): number;
  close(): Promise<void>;
}

export interface SenderOptions extends Pick<ConnectorOptions, 'lookup' | 'ca'> {
  guard: Pick<TargetGuard, 'check' | 'mayConnect'>;
  connectMs?: number;
  idleMs?: number;
  now?: () => number;
}

/** Sends webhooks. Receivers may be faulty, slow or hostile. */
export function openSender({ guard, lookup, ca, now = Date.now, ...times }: SenderOptions): Sender {
  const open = new Set<object>();
  const connect = checkedConnector({ guard, connectMs: times.connectMs ?? connectMs, lookup, ca });
  const keptMs = times.idleMs ?? idleMs;
  const agent = new Agent({
    connect: (target, callback) =>
      connect(target, (...result) => {
        const [, socket] = result;
        if (socket) {
          open.add(socket);
          socket.once('close', () => open.delete(socket));
        }
        callback(...result);
      }),
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: keptMs,
    // This overrides what the receiver proposes.
    keepAliveMaxTimeout: keptMs,
    // The timeout of the try also covers a receiver that sends one byte per second.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    send: async ({ url: text, headers, body }, { signal, cause }) => {
      const startedAt = performance.now();
      const end = (result: Partial<TryResult>): TryResult => ({
        status: null,
        error: null,
        answer: null,
        retryAfterMs: null,
        ...result,
        durationMs: Math.round(performance.now() - startedAt),
      });
      if (guard.check(text)) return end({ error: 'blocked_address' });
      const url = new URL(text);
      try {
        const response = await agent.request({
          origin: url.origin,
          path: url.pathname + url.search,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'user-agent': 'promptq',
            // A pooled request does not decompress, so a gzip bomb stays small.
            'accept-encoding': 'identity',
            ...headers,
          },
          body,
          signal,
          reset: open.size >= maxKeptConnections,
        });
        const encoding = response.headers['content-encoding'];
        const [retryAfter = null] = [response.headers['retry-after'] ?? []].flat();
        const shown = await readStart(response.body);
        return end({
          status: response.statusCode,
          answer: encoding === undefined || encoding === 'identity' ? shown : null,
          retryAfterMs: readRetryAfter(retryAfter, now()),
        });
      } catch (error) {
        if (signal.aborted) return cause()?.kind === 'timeout' ? end({ error: 'timeout' }) : null;
        const found = sendErrorOf(error);
        if (!found) throw error;
        return end({ error: found });
      }
    },
    connections: () => open.size,
    close: () => agent.destroy(),
  };
}

/** The beginning of the body as text. A fault in the body is ignored, because the status has arrived. */
async function readStart(body: AsyncIterable<Uint8Array>): Promise<string | null> {
  const start: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      if (size < maxShownBytes) start.push(chunk.subarray(0, maxShownBytes - size));
      size += chunk.length;
      // Leaving the loop destroys the body and its connection.
      if (size >= maxAnswerBytes) break;
    }
  } catch {
    // The body was cut off, did not end in time, or has the wrong length. The part that arrived is shown.
  }
  // With `stream`, an incomplete character at the end is left out.
  return size === 0 ? null : new TextDecoder().decode(Buffer.concat(start), { stream: true });
}
