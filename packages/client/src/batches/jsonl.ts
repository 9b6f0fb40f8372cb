import { PromptQError } from '../promptq-error.ts';

/**
 * Lines of JSON, one request each. What cannot be read twice is given as a function that begins it anew, because a
 * try that failed is made again from the start.
 */
export type JsonLines =
  | string
  | Blob
  | Uint8Array<ArrayBuffer>
  | (() => AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>);

/**
 * The body of one try. A function's parts are streamed, as they are asked for; where `fetch` takes no stream
 * (some browsers), give a `Blob` or a text.
 */
export function toBody(lines: JsonLines): Exclude<RequestInit['body'], undefined> {
  if (typeof lines !== 'function') return lines;
  const encoder = new TextEncoder();
  const parts = eachOf(lines());
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: async (controller) => {
      const part = await parts.next();
      if (part.done === true) return controller.close();
      const { value } = part;
      controller.enqueue(typeof value === 'string' ? encoder.encode(value) : new Uint8Array(value));
    },
    // The API answered before all was sent, or the caller gave up: the source is closed.
    cancel: async () => {
      await parts.return();
    },
  });
}

async function* eachOf<Part>(
  parts: AsyncIterable<Part> | Iterable<Part>,
): AsyncGenerator<Part, void> {
  yield* parts;
}

/**
 * The values of JSON lines that come in parts, cut anywhere; empty lines are none.
 * @throws {PromptQError} `unexpected_answer` for a line that is no JSON
 */
export async function* parseLines(parts: AsyncIterable<string>): AsyncGenerator<unknown, void> {
  let rest = '';
  for await (const part of parts) {
    const lines = part.split('\n');
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
      detail: 'A line of the answer is no JSON: it was cut off, or it is not from promptq.',
      cause,
    });
  }
}
