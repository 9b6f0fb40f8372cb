import { parseArgs } from 'node:util';

export interface ListenOptions {
  port: number;
  status: number;
  secret: string | undefined;
}

export type ListenCommandLine =
  | { kind: 'run'; options: ListenOptions }
  | { kind: 'help'; text: string }
  | { kind: 'error'; text: string };

const help = `pnpm webhook:listen [--port P] [--status N] [--secret whsec_...]

Receives webhooks on this machine, verifies their signatures and prints them.

  --port P      port on 127.0.0.1 (default: 4000)
  --status N    status of the answer to a verified webhook, 200 to 599 (default: 200). 500 makes promptq retry; 410 makes
                it stop.
  --secret S    the webhook secret (default: WEBHOOK_SECRET from the environment or .env, else that of pnpm start)
  --help        show this text

promptq only calls this receiver if WEBHOOK_ALLOWED_HOSTS contains 127.0.0.1, which is the default with pnpm start.`;

/** Parses the arguments of `pnpm webhook:listen`. An error names the option and its valid values. */
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
    return { kind: 'error', text: `${reason}\nSee pnpm webhook:listen --help.` };
  }
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw new RangeError(`${flag} must be a whole number from ${min} to ${max}, not "${text}"`);
}
