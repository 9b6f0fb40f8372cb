import { once } from 'node:events';
import type { WriteStream } from 'node:tty';

/** One of the two streams that a command writes to. */
export interface Output {
  /** Resolves when there is room for more: a slow reader slows the command, not its memory. */
  write(text: string): Promise<void>;
  isTerminal: boolean;
  /** The width of the terminal. */
  columns(): number;
}

/**
 * @param onClosed called when the reader has gone, as `head` does when it has enough
 */
export function openOutput(stream: WriteStream, onClosed: () => void): Output {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    onClosed();
  });
  return {
    isTerminal: stream.isTTY,
    // Some terminals do not know, and say 0.
    columns: () => stream.columns || 80,
    write: async (text) => {
      if (!stream.write(text)) await once(stream, 'drain');
    },
  };
}

/**
 * Text of a model or of a client, made harmless for a terminal: control characters could move its cursor, change
 * its title or its clipboard. Line ends and tabs stay. What goes to a file or a pipe is not changed.
 */
export function shownOn(output: Pick<Output, 'isTerminal'>, text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return output.isTerminal ? text.replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '\uFFFD') : text;
}
