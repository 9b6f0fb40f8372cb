import { parseArgs } from 'node:util';

export interface Options {
  only: string | null;
  json: string | null;
  profileDir: string | null;
  isQuick: boolean;
  mustHold: boolean;
}

/** The text of `--help`. @param names of all rows */
export function helpText(names: readonly string[]): string {
  return `pnpm bench [options]

Compares promptq with a hand-written service of the same parts (bench/diy), on a Redis and an upstream that it starts
itself. A full run takes less than ten minutes. bench/README.md describes the rows.

  --only NAME    measure one row, or all rows whose names begin with NAME: ${names.join(', ')}
  --json FILE    also write the result to FILE, as JSON
  --check        exit with code 1 if a row misses its target
  --quick        run one small round of each scenario from the sources, to check that the benchmark works; its figures
                 mean nothing
  --profile DIR  write a CPU profile of each measured process to DIR; profiling costs some CPU time itself
  --help         show this text
`;
}

/** Reads the command line. @returns `null` for `--help`. @throws {Error} for an unknown option or a missing value */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    // npm needs `--` before options (`npm run bench -- --only cpu`), and pnpm passes it on.
    args: args[0] === '--' ? args.slice(1) : [...args],
    options: {
      only: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  return {
    only: values.only ?? null,
    json: values.json ?? null,
    profileDir: values.profile ?? null,
    isQuick: values.quick,
    mustHold: values.check,
  };
}
