import { once } from 'node:events';
import type { WriteStream } from 'node:tty';

/** Stdout or stderr. */
export interface Output {
  /** Resolves when there is room for more, so a slow reader slows the command down instead of filling its memory. */
  write(text: string): Promise<void>;
  isTerminal: boolean;
  /** The width of the terminal. */
  columns(): number;
}

/**
 * Opens an output stream.
 * @param onClosed called when the reader has closed the stream, as `head` does
 */
export function openOutput(stream: WriteStream, onClosed: () => void): Output {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    onClosed();
  });
  return {
    isTerminal: stream.isTTY,
    // Some terminals report a width of 0.
    columns: () => stream.columns || 80,
    write: async (text) => {
      if (!stream.write(text)) await once(stream, 'drain');
    },
  };
}

/**
 * Replaces the control characters in a text from a model or a client, if the output is a terminal. They could move the
 * cursor, or change the window title or the clipboard. Line ends and tabs stay. Files and pipes get the text unchanged.
 */
export function sanitizeFor(output: Pick<Output, 'isTerminal'>, text: string): string {
  // oxlint-disable-next-line no-control-regex -- the control characters are what this replaces
  return output.isTerminal ? text.replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '\uFFFD') : text;
}
