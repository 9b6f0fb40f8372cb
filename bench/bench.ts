import { messageOf } from '../scripts/redis/ping.ts';
import type { Experiment } from './experiment.ts';
import { makeBed, type Bed } from './harness/bed.ts';
import type { Options } from './options.ts';
import { machine, versionsOf, type Machine } from './report/machine.ts';
import type { Row } from './report/row.ts';
import { experiments } from './rows/index.ts';
import { fullSizes, quickSizes } from './sizes.ts';

export interface Report {
  versions: Record<string, string>;
  machine: Machine;
  rows: Row[];
}

/** After so long no experiment begins a second round, so that a slow machine is done in ten minutes as well. */
const allSeconds = 510;

/** The names that `only` may be or begin with. */
export const rowNames = experiments.flatMap(({ names }) => names);

const isWanted = (name: string, only: string | null) =>
  only === null || name === only || name.startsWith(`${only}-`);

/**
 * Measures the rows that are wanted, one experiment after the other. One that breaks is a row that is not held; the
 * others go on.
 * @param say gets a line now and then about how it goes
 */
export async function bench(
  { only, isQuick, profileDir }: Pick<Options, 'only' | 'isQuick' | 'profileDir'>,
  say: (line: string) => void,
): Promise<Report> {
  const wanted = experiments.filter(({ names }) =>
    names.some((name) => isWanted(name, only) || only?.startsWith(`${name}-`)),
  );
  if (wanted.length === 0) {
    throw new Error(`there is no row ${only}; there are ${rowNames.join(', ')}`);
  }
  const before = machine();
  const allEndsAt = performance.now() + allSeconds * 1_000;
  const bed = await makeBed({ fromSource: isQuick, profileDir }, say);
  try {
    const rows: Row[] = [];
    for (const experiment of wanted) {
      say(`measuring ${experiment.names.join(', ')}`);
      rows.push(...(await run(experiment, { bed, isQuick, allEndsAt, say })));
      await bed.empty();
    }
    return {
      versions: await versionsOf(bed.redis),
      machine: before,
      rows: rows.filter(({ name }) => isWanted(name, only)),
    };
  } finally {
    await bed.close();
  }
}

async function run(
  { names, seconds, run }: Experiment,
  needs: { bed: Bed; isQuick: boolean; allEndsAt: number; say: (line: string) => void },
): Promise<Row[]> {
  const { bed, isQuick, allEndsAt, say } = needs;
  const sizes = isQuick ? quickSizes : fullSizes;
  const endsAt = Math.min(allEndsAt, performance.now() + seconds * 1_000);
  try {
    return await run({ bed, sizes, rounds: sizes.rounds, endsAt, say });
  } catch (error) {
    return names.map((name) => broken(name, messageOf(error)));
  }
}

function broken(name: string, reason: string): Row {
  const nothing = { unit: '', ours: null, diy: null, against: '', ratio: null, target: '' };
  return { name, ...nothing, held: false, rounds: 0, note: `broke: ${reason}` };
}
