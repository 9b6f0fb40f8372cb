import type { PromptQ } from '@promptq/client';
import type { Output } from './output/output.ts';

/** What every command works with. */
export interface Context {
  client: PromptQ;
  /** Where the API is, for messages. */
  url: string;
  /** One JSON document, or one on each line, is all that goes to `out`. */
  json: boolean;
  /** The result. */
  out: Output;
  /** Everything that is said beside it. */
  say: (line: string) => Promise<void>;
  err: Output;
  /** Aborted with an `Interrupted` by Ctrl-C. */
  signal: AbortSignal;
}

/** What a command ends with: its exit code. */
export type Action = (context: Context) => Promise<number>;
