import type { Environment } from '../harness/environment.ts';
import type { Rounds } from '../harness/rounds.ts';
import type { Row } from '../report/row.ts';
import type { Sizes } from '../sizes.ts';

export interface ScenarioContext extends Rounds {
  environment: Environment;
  sizes: Sizes;
}

/** Measures one or more rows of the table. It starts with an empty Redis. */
export interface Scenario {
  /** The name of each row begins with one of these. */
  names: string[];
  /** The scenario starts no further round after this time. */
  seconds: number;
  measure: (context: ScenarioContext) => Promise<Row[]>;
}
