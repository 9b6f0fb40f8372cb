import type { PromptQ } from '@promptq/client';
import type { Output } from './output.ts';

/** What every command works with. */
export interface Context {
  client: PromptQ;
  /** With --json: stdout holds one JSON document, or one per line, and nothing else. */
  json: boolean;
  /** Stdout, for results. */
  out: Output;
  /** Stderr. */
  err: Output;
  /** Writes a line to stderr. */
  log: (line: string) => Promise<void>;
  /** Aborted with an `Interrupted` by Ctrl-C. */
  signal: AbortSignal;
}

/** Runs a command and returns its exit code. */
export type Action = (context: Context) => Promise<number>;
