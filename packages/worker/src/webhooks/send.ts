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
/** With so many connections open, new ones are not kept: there can be as many receivers as jobs. */
const maxKeptConnections = 200;

/** How one try ended. Either there is a status, or an error. */
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
  /** With the signature; `send` adds what every webhook has. */
  headers: Record<string, string>;
  body: string;
}

export interface Sender {
  /**
   * One try: a POST, no redirect followed, at most 16 KiB of the answer read. Where it may not go, nothing is
   * connected to.
   * @param attempt its time limit, and the way to end it; a status that came before counts all the same
   * @returns `null` when it was ended, for another cause than its time, before there was a status
   * @throws what is no fault of the network
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

/** Sends webhooks to receivers that may be anybody: wrong, slow, hostile. */
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
    // Whatever the receiver proposes.
    keepAliveMaxTimeout: keptMs,
    // The try has a time limit of its own, which also covers a receiver that sends a byte a second.
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
            // A pooled request does not decompress: a gzip bomb stays as small as it was sent.
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

/** The beginning of the body as text. However the rest fails, the status has been given. */
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
    // Cut off, endless until the time was over, not of the announced length: what came is shown.
  }
  // `stream`: a character that is cut in two at the end is left out.
  return size === 0 ? null : new TextDecoder().decode(Buffer.concat(start), { stream: true });
}
