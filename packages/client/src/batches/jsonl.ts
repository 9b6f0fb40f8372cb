import { PromptQError } from '../requests/promptq-error.ts';

/**
 * JSON lines, one request per line. A source that can be read only once is given as a function that opens it again,
 * because each try starts from the beginning.
 */
export type JsonLines =
  | string
  | Blob
  | Uint8Array<ArrayBuffer>
  | (() => AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>);

/**
 * Creates the body of one try. The chunks of a function are streamed. Some browsers accept no stream as a body; there,
 * give a `Blob` or a text.
 */
export function linesBody(lines: JsonLines): Exclude<RequestInit['body'], undefined> {
  if (typeof lines !== 'function') return lines;
  const encoder = new TextEncoder();
  const chunks = iterate(lines());
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: async (controller) => {
      const chunk = await chunks.next();
      if (chunk.done === true) return controller.close();
      const { value } = chunk;
      controller.enqueue(typeof value === 'string' ? encoder.encode(value) : new Uint8Array(value));
    },
    // The API responded before the end, or the caller aborted. This closes the source.
    cancel: async () => {
      await chunks.return();
    },
  });
}

async function* iterate<Chunk>(
  chunks: AsyncIterable<Chunk> | Iterable<Chunk>,
): AsyncGenerator<Chunk, void> {
  yield* chunks;
}

/**
 * Yields the values of JSON lines. A chunk can end anywhere. Empty lines are skipped.
 * @throws {PromptQError} `unexpected_answer` if a line is not JSON
 */
export async function* parseLines(chunks: AsyncIterable<string>): AsyncGenerator<unknown, void> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = chunk.split('\n');
    lines[0] = rest + (lines[0] ?? '');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield parseLine(line);
  }
  if (rest.trim() !== '') yield parseLine(rest);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new PromptQError({
      code: 'unexpected_answer',
      detail:
        'A line of the response is not JSON. It is incomplete, or it did not come from promptq.',
      cause,
    });
  }
}
