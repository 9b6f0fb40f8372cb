import type { Pool } from 'undici';
import { AnswerTooLargeError, maxAnswerBytes } from './exchange.ts';

/**
 * A `fetch` for the openai SDK over one undici pool. It takes about half the CPU time of the built-in `fetch`. It
 * supports only what the SDK needs: one origin, a text body, the abort signal, an answer of limited size, and a web
 * stream for a streamed answer. It does not follow redirects.
 */
export function poolFetch(pool: Pool): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const { statusCode, headers, body } = await pool.request({
      path: url.pathname + url.search,
      method: init.method ?? 'GET',
      headers: plainHeaders(init.headers),
      body: (init.body ?? null) as string | null,
      signal: init.signal ?? null,
      // The timeout of the attempt also covers an upstream that sends one byte per second.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const hasBody = statusCode !== 204 && statusCode !== 205 && statusCode !== 304;
    // read-streamed.ts reads a streamed answer and limits its size.
    const isStream = String(headers['content-type']).startsWith('text/event-stream');
    const content =
      isStream && statusCode === 200 ? ReadableStream.from(body) : await readBounded(body);
    return new Response(hasBody ? content : null, {
      status: statusCode,
      headers: Object.entries(headers).flatMap(([name, value]): [string, string][] =>
        [value ?? []].flat().map((one) => [name, one]),
      ),
    });
  };
}

/** A pooled request does not decompress, so the answer must not be compressed. */
function plainHeaders(given: RequestInit['headers']): Record<string, string> {
  return { ...Object.fromEntries(new Headers(given)), 'accept-encoding': 'identity' };
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Leaving the loop destroys the body and its connection.
    if (size > maxAnswerBytes) throw new AnswerTooLargeError(`more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
