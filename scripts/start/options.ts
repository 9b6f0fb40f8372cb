import { parseArgs } from 'node:util';

export interface StartOptions {
  workers: number;
  port: number;
  sample: boolean;
}

/** The parsed command line. */
export type CommandLine =
  | { kind: 'run'; options: StartOptions }
  | { kind: 'help'; text: string }
  | { kind: 'error'; text: string };

const defaultWorkers = 2;
const maxWorkers = 64;
const defaultPort = 3000;

const help = `pnpm start [--workers N] [--port P] [--no-sample]

Starts promptq on this machine: Redis, one API and its workers. It starts a Redis unless REDIS_URL names one.

  --workers N   number of worker processes, 1 to ${maxWorkers} (default: ${defaultWorkers})
  --port P      port of the API on 127.0.0.1 (default: ${defaultPort})
  --no-sample   do not submit the two sample jobs
  --help        show this text

Environment (also read from .env):
  REDIS_URL                        use this Redis instead of finding or starting one
  OPENAI_API_KEY, OPENAI_BASE_URL  the upstream; with neither, a local stand-in model answers
  and every setting of the API and the worker (docs/settings.md)

Data is stored in .data/redis, logs in .data/logs. Ctrl-C stops all parts in order; a second Ctrl-C stops them at once.`;

/** Parses the arguments of `pnpm start`. An error names the option and its valid values. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  try {
    const { values } = parseArgs({
      // npm needs `--` before options (`npm start -- --port 3001`), and pnpm passes it on.
      args: args[0] === '--' ? args.slice(1) : [...args],
      options: {
        workers: { type: 'string', default: String(defaultWorkers) },
        port: { type: 'string', default: String(defaultPort) },
        sample: { type: 'boolean', default: true },
        help: { type: 'boolean', short: 'h', default: false },
      },
      allowNegative: true,
    });
    if (values.help) return { kind: 'help', text: help };
    const workers = wholeNumber('--workers', values.workers, maxWorkers);
    const port = wholeNumber('--port', values.port, 65_535);
    return { kind: 'run', options: { workers, port, sample: values.sample } };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    const [reason] = error.message.split('\n');
    return { kind: 'error', text: `${reason}\nSee pnpm start --help.` };
  }
}

function wholeNumber(flag: string, text: string, max: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= max) return number;
  throw new RangeError(`${flag} must be a whole number from 1 to ${max}, not "${text}"`);
}
