import { parseArgs } from 'node:util';

export interface Options {
  only: string | null;
  json: string | null;
  profileDir: string | null;
  isQuick: boolean;
  mustHold: boolean;
}

/** @param names of the rows that there are */
export function help(names: readonly string[]): string {
  return `pnpm bench [options]

Measures promptq beside a hand-written service of the same parts (bench/diy), in less than ten minutes, on a Redis
and an upstream of its own. bench/README.md says what each row means.

  --only NAME    one row, or those whose names begin with NAME: ${names.join(', ')}
  --json FILE    writes the result there as well
  --check        exit code 1 when a row misses its target
  --quick        one small round of each row, from the sources: the harness is tried, the figures mean nothing
  --profile DIR  a CPU profile of each measured process goes there; it costs some CPU itself
  --help         this text
`;
}

/** @returns `null` when help was asked for. @throws {Error} for an option that is wrong */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    // `pnpm bench -- --only cpu`, as npm wants it, means the same.
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
