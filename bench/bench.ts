import { messageOf } from '../scripts/redis/ping.ts';
import { createEnvironment, type Environment } from './harness/environment.ts';
import type { Options } from './options.ts';
import { machine, versionsOf, type Machine } from './report/machine.ts';
import { toFailedRow, type Row } from './report/row.ts';
import { scenarios } from './scenarios/index.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { fullSizes, quickSizes } from './sizes.ts';

export interface Report {
  versions: Record<string, string>;
  machine: Machine;
  rows: Row[];
}

/** No scenario starts a second round after this time, so that a run takes ten minutes on a slow machine as well. */
const maxSeconds = 510;

/** The names that `only` can be or begin with. */
export const rowNames = scenarios.flatMap(({ names }) => names);

const isSelected = (name: string, only: string | null) =>
  only === null || name === only || name.startsWith(`${only}-`);

/**
 * Measures the selected rows, one scenario after the other. A scenario that throws becomes rows that miss their target; the
 * others still run.
 * @param log receives a line of progress now and then
 * @throws {Error} when there is no row named `only`
 */
export async function bench(
  { only, isQuick, profileDir }: Pick<Options, 'only' | 'isQuick' | 'profileDir'>,
  log: (line: string) => void,
): Promise<Report> {
  const selected = scenarios.filter(({ names }) =>
    names.some((name) => isSelected(name, only) || only?.startsWith(`${name}-`)),
  );
  if (selected.length === 0) {
    throw new Error(`--only: there is no row "${only}". The rows are ${rowNames.join(', ')}.`);
  }
  const machineBefore = machine();
  const endsAt = performance.now() + maxSeconds * 1_000;
  const environment = await createEnvironment({ fromSource: isQuick, profileDir }, log);
  try {
    const rows: Row[] = [];
    for (const scenario of selected) {
      log(`measuring ${scenario.names.join(', ')}`);
      rows.push(...(await run(scenario, { environment, isQuick, endsAt, log })));
      await environment.reset();
    }
    return {
      versions: await versionsOf(environment.redis),
      machine: machineBefore,
      rows: rows.filter(({ name }) => isSelected(name, only)),
    };
  } finally {
    await environment.close();
  }
}

interface RunContext {
  environment: Environment;
  isQuick: boolean;
  endsAt: number;
  log: (line: string) => void;
}

async function run(
  { names, seconds, measure }: Scenario,
  { environment, isQuick, endsAt, log }: RunContext,
): Promise<Row[]> {
  const sizes = isQuick ? quickSizes : fullSizes;
  const scenarioEndsAt = Math.min(endsAt, performance.now() + seconds * 1_000);
  try {
    return await measure({
      environment,
      sizes,
      rounds: sizes.rounds,
      endsAt: scenarioEndsAt,
      log,
    });
  } catch (error) {
    return names.map((name) => toFailedRow(name, messageOf(error)));
  }
}
