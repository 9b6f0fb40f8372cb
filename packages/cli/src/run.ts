import { PromptQ, type Retry } from '@promptq/client';
import { CommanderError } from 'commander';
import type { CommonFlags } from './arguments/add-command.ts';
import { commandLine } from './command-line.ts';
import type { Action, Context } from './context/context.ts';
import { BadInput, Interrupted } from './context/errors.ts';
import { exitCodeFor } from './context/exit-codes.ts';
import { describeError, errorAsJson } from './output/describe-error.ts';
import { openOutput, type Output } from './context/output.ts';
import { readSettings } from './settings.ts';

/** Runs one command line and returns its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  // A closed stdout, as in `| head`, is a normal end.
  const out = openOutput(process.stdout, () => process.exit(0));
  const err = openOutput(process.stderr, () => undefined);
  const interruption = new AbortController();
  const interrupt = (name: 'SIGINT' | 'SIGTERM') => {
    // The second Ctrl-C does not wait for anything.
    if (interruption.signal.aborted) process.exit(new Interrupted(name).exitCode);
    interruption.abort(new Interrupted(name));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);

  const settings = readSettings();
  const chosen: { action?: Action; flags?: CommonFlags } = {};
  const program = commandLine(settings, (action, flags) => {
    chosen.action = action;
    chosen.flags = flags;
  });
  program.configureOutput({
    writeOut: (text) => void out.write(text),
    writeErr: (text) => void err.write(text),
  });
  const { action, flags, code } = parse(program, args, chosen);
  if (!action || !flags) return code;

  try {
    return await action(toContext(flags, out, err, interruption.signal));
  } catch (error) {
    if (!(error instanceof Interrupted)) {
      await err.write(`${flags.json ? errorAsJson(error) : describeError(error, flags.url)}\n`);
    }
    return exitCodeFor(error);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Parses the command line. On a usage error or `--help`, commander itself has written the message. */
function parse(
  program: ReturnType<typeof commandLine>,
  args: readonly string[],
  chosen: { action?: Action; flags?: CommonFlags },
): { action?: Action; flags?: CommonFlags; code: number } {
  try {
    // npm needs `--` before the arguments (`npm run promptq -- get ID`), and pnpm passes it on.
    program.parse(args[0] === '--' ? args.slice(1) : args, { from: 'user' });
    return { ...chosen, code: 0 };
  } catch (error) {
    if (error instanceof CommanderError) return { code: exitCodeFor(error) };
    throw error;
  }
}

function toContext(flags: CommonFlags, out: Output, err: Output, signal: AbortSignal): Context {
  const log = (line: string) => err.write(`${line}\n`);
  const onRetry = ({ error, delayMs }: Retry) => {
    const seconds = (delayMs / 1_000).toFixed(1);
    void log(`promptq: ${error.detail} Retrying in ${seconds} s.`);
  };
  return { client: openClient(flags, onRetry), json: flags.json, out, err, log, signal };
}

function openClient(flags: CommonFlags, onRetry: (retry: Retry) => void): PromptQ {
  const { url, apiKey, retries } = flags;
  try {
    return new PromptQ({ baseUrl: url, apiKey, maxRetries: retries, onRetry });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new BadInput(`--url or PROMPTQ_URL must be an http or https URL, not "${url}".`);
  }
}
