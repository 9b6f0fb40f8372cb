import { parseArgs } from 'node:util';

export interface Options {
  seed: number;
  only: number[] | null;
  json: string | null;
  minutes: number;
  isShort: boolean;
  isBaseline: boolean;
}

export const help = `node -C @promptq/source tests/faults/run.ts [options]

  --seed N       of all randomness; by default the time
  --only 1,2,7   these rows only
  --short        a smaller run of the rows 1-4, 7, 9, 10, 14 and 15, under 3 minutes
  --minutes M    how long row 12 runs (default 20)
  --baseline     the rows 1 and 5 against plain BullMQ with its defaults
  --json FILE    writes the results there as well, one line of JSON for each row
`;

/** @returns `null` when help was asked for. @throws {Error} for an option that is wrong */
export function readOptions(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'string' },
      minutes: { type: 'string', default: '20' },
      short: { type: 'boolean', default: false },
      baseline: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return {
    seed: values.seed === undefined ? Date.now() % 1_000_000 : toNumber('seed', values.seed),
    only: values.only?.split(',').map((row) => toNumber('only', row)) ?? null,
    json: values.json ?? null,
    minutes: toNumber('minutes', values.minutes),
    isShort: values.short,
    isBaseline: values.baseline,
  };
}

function toNumber(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new Error(`--${name}: ${text} is not a number`);
  return value;
}
