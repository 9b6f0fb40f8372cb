import { parseArgs } from 'node:util';

export interface StartOptions {
  workers: number;
  port: number;
  sample: boolean;
}

/** What the command line asks for. */
export type CommandLine =
  | { kind: 'run'; options: StartOptions }
  | { kind: 'help'; text: string }
  | { kind: 'fault'; text: string };

const defaultWorkers = 2;
const mostWorkers = 64;
const defaultPort = 3000;

const help = `pnpm start [--workers N] [--port P] [--no-sample]

Starts promptq on this machine: a Redis (found or started), an upstream, one API and its workers.

  --workers N   worker processes, 1 to ${mostWorkers} (default ${defaultWorkers})
  --port P      port of the API on 127.0.0.1 (default ${defaultPort})
  --no-sample   do not submit the two sample jobs
  --help        this text

Environment (also read from .env):
  REDIS_URL                        use this Redis instead of finding or starting one
  OPENAI_API_KEY, OPENAI_BASE_URL  the upstream; with neither, a local stand-in model answers
  and every setting of the API and the worker (docs/settings.md)

Data is kept in .data/redis, logs in .data/logs. Ctrl-C stops everything, a second Ctrl-C at once.`;

/** Reads the arguments of `pnpm start`; a fault names the flag and says what it takes. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  try {
    const { values } = parseArgs({
      // `pnpm start -- --port 3001`, as npm wants it, means the same.
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
    const workers = wholeNumber('--workers', values.workers, mostWorkers);
    const port = wholeNumber('--port', values.port, 65_535);
    return { kind: 'run', options: { workers, port, sample: values.sample } };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    const [reason] = error.message.split('\n');
    return { kind: 'fault', text: `${reason}\nTry: pnpm start --help` };
  }
}

function wholeNumber(flag: string, text: string, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number;
  throw new RangeError(`${flag} must be a whole number from 1 to ${most}, not "${text}"`);
}
