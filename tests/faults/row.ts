import type { Random } from './random.ts';

export interface RowContext {
  seed: number;
  random: Random;
  /** A smaller load and, where the text of the row says so, hastened recovery: for `pnpm test`. */
  isShort: boolean;
  /** How long the endurance row runs. */
  minutes: number;
  /** Reports progress on stderr. */
  say(line: string): void;
}

export type Figures = Record<string, number | string>;

export interface RowResult {
  figures: Figures;
  /** What must not be; empty when the row passed. */
  violations: string[];
}

export interface Row {
  number: number;
  name: string;
  run(context: RowContext): Promise<RowResult>;
}
