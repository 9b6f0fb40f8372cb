import type { Dispatcher, Pool } from 'undici';

/** Far more than any answer of a chat completion has. A larger answer is rejected before it fills the memory. */
export const maxAnswerBytes = 1024 * 1024;

/** The upstream sent more than `maxAnswerBytes`. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
}

interface Request {
  path: string;
  headers: Record<string, string>;
  body: string;
  signal: AbortSignal;
}

export interface Exchanged {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/**
 * Makes a POST request and reads the whole answer with undici's handler interface, because a stream and a `Response`
 * cost more than the call itself. The timeout of the attempt also covers an upstream that sends one byte per second.
 * @throws undici's error about the connection, the signal's reason when it is aborted, or an AnswerTooLargeError
 */
export function exchange(pool: Pool, { path, headers, body, signal }: Request): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let status = 0;
    let answered: Exchanged['headers'] = {};
    let controller: Dispatcher.DispatchController | undefined;
    const onAbort = () => {
      const reason = asError(signal.reason);
      controller?.abort(reason);
      reject(reason);
    };
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    pool.dispatch(
      { method: 'POST', path, headers, body, headersTimeout: 0, bodyTimeout: 0 },
      {
        onRequestStart: (started) => {
          controller = started;
          if (signal.aborted) started.abort(asError(signal.reason));
        },
        onResponseStart: (_, statusCode, given) => {
          if (statusCode < 200) return;
          status = statusCode;
          answered = given;
        },
        onResponseData: (answering, chunk) => {
          size += chunk.length;
          if (size <= maxAnswerBytes) chunks.push(chunk);
          else answering.abort(new AnswerTooLargeError(`more than ${maxAnswerBytes} bytes`));
        },
        onResponseEnd: () => {
          const [only] = chunks;
          const whole = chunks.length === 1 && only ? only : Buffer.concat(chunks);
          end(() => resolve({ status, headers: answered, body: whole.toString() }));
        },
        onResponseError: (_, error) => end(() => reject(error)),
      },
    );
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
