import { parseArgs } from 'node:util';

export interface ListenOptions {
  port: number;
  status: number;
  secret: string | undefined;
}

export type ListenCommandLine =
  | { kind: 'run'; options: ListenOptions }
  | { kind: 'help'; text: string }
  | { kind: 'fault'; text: string };

const help = `pnpm webhook:listen [--port P] [--status N] [--secret whsec_...]

Receives webhooks on this machine, verifies their signatures and prints them.

  --port P      port on 127.0.0.1 (default 4000)
  --status N    what verified webhooks are answered with (default 200): 500 shows retries, 410 ends them
  --secret S    by default WEBHOOK_SECRET, from the environment or .env, else the one of \`pnpm start\`
  --help        this text

A service only calls this receiver when WEBHOOK_ALLOWED_HOSTS has 127.0.0.1; \`pnpm start\` sees to that.`;

/** Reads the arguments of `pnpm webhook:listen`; a fault names the flag and says what it takes. */
export function readListenOptions(args: readonly string[]): ListenCommandLine {
  try {
    const { values } = parseArgs({
      args: args[0] === '--' ? args.slice(1) : [...args],
      options: {
        port: { type: 'string', default: '4000' },
        status: { type: 'string', default: '200' },
        secret: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { kind: 'help', text: help };
    const port = wholeNumber('--port', values.port, 1, 65_535);
    const status = wholeNumber('--status', values.status, 200, 599);
    return { kind: 'run', options: { port, status, secret: values.secret } };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    const [reason] = error.message.split('\n');
    return { kind: 'fault', text: `${reason}\nTry: pnpm webhook:listen --help` };
  }
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new RangeError(`${flag} must be a whole number from ${least} to ${most}, not "${text}"`);
}
