import type { Readable } from 'node:stream';
import { Problem, tooLarge } from '../problems/problem.ts';

const newline = 0x0a;

/** One line of a body: its number, from 1, and its JSON or its fault. */
export type JsonLine = { line: number } & ({ value: unknown } | { fault: string });

/** The maximum sizes of a line and of the body, in bytes. */
export interface LineLimits {
  line: number;
  body: number;
}

/**
 * Yields the lines of a body as they arrive, without blank lines. Only the current line and the last chunk are held in
 * memory.
 * @throws {Problem} `body_too_large`; `invalid_request` when the client disconnects before the end
 */
export async function* jsonLines(body: Readable, limits: LineLimits): AsyncGenerator<JsonLine> {
  let line = 1;
  let bytes = 0;
  let parts: Buffer[] = [];
  let held = 0;
  const take = (part: Buffer) => {
    held += part.length;
    // The rest of a line that is too long is counted but not stored.
    if (held <= limits.line) parts.push(part);
    else parts = [];
  };
  const finish = (): JsonLine | null => {
    const read = held > limits.line ? tooLong(line, limits) : parseLine(line, Buffer.concat(parts));
    parts = [];
    held = 0;
    line += 1;
    return read;
  };
  for await (const chunk of bodyChunks(body)) {
    bytes += chunk.length;
    if (bytes > limits.body) throw tooLarge(limits.body);
    let from = 0;
    for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
      take(chunk.subarray(from, to));
      from = to + 1;
      const read = finish();
      if (read) yield read;
    }
    take(chunk.subarray(from));
  }
  const last = finish();
  if (last) yield last;
}

function tooLong(line: number, limits: LineLimits): JsonLine {
  return { line, fault: `Longer than ${Math.floor(limits.line / 1024 / 1024)} MiB.` };
}

function parseLine(line: number, content: Buffer): JsonLine | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    return text.trim() === '' ? null : { line, value: JSON.parse(text) as unknown };
  } catch (error) {
    // The decoder throws a TypeError, the parser a SyntaxError. Both mean that the client's line is faulty.
    return { line, fault: error instanceof SyntaxError ? 'Not valid JSON.' : 'Not valid UTF-8.' };
  }
}

async function* bodyChunks(body: Readable): AsyncGenerator<Buffer> {
  try {
    // The body stays open when reading ends early, because the response uses the same socket.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (cause) {
    throw new Problem('invalid_request', 'The connection closed before the end of the body.', {
      cause,
    });
  }
}
