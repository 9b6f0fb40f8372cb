import type { Bed } from './harness/bed.ts';
import type { Rounds } from './harness/rounds.ts';
import type { Row } from './report/row.ts';
import type { Sizes } from './sizes.ts';

export interface ExperimentContext extends Rounds {
  bed: Bed;
  sizes: Sizes;
}

/** Measures what one or more rows of the table need. It starts with an empty Redis. */
export interface Experiment {
  /** The names of its rows begin with one of these. */
  names: string[];
  /** After so long no further round is begun. */
  seconds: number;
  run: (context: ExperimentContext) => Promise<Row[]>;
}
