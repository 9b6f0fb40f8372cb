import { PromptQ, type Retry } from '@promptq/client';
import { CommanderError } from 'commander';
import { BadInput } from './bad-input.ts';
import { commandLine, type CommonFlags } from './command-line.ts';
import type { Action, Context } from './context.ts';
import { exitCodeOf } from './exit-codes.ts';
import { Interrupted } from './interrupted.ts';
import { describeError, errorAsJson } from './output/describe-error.ts';
import { openOutput, type Output } from './output/output.ts';
import { readSettings } from './settings.ts';

/** Runs one command line and returns its exit code. Everything it opens it closes. */
export async function run(args: readonly string[]): Promise<number> {
  // Whoever has read enough (`| head`) has what he wanted.
  const out = openOutput(process.stdout, () => process.exit(0));
  const err = openOutput(process.stderr, () => undefined);
  const stopping = new AbortController();
  const stop = (name: 'SIGINT' | 'SIGTERM') => {
    if (stopping.signal.aborted) process.exit(new Interrupted(name).exitCode);
    stopping.abort(new Interrupted(name));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);

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
    return await action(contextOf(flags, out, err, stopping.signal));
  } catch (error) {
    if (!(error instanceof Interrupted)) {
      await err.write(`${flags.json ? errorAsJson(error) : describeError(error, flags.url)}\n`);
    }
    return exitCodeOf(error);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** commander has said already what is wrong with a command line, or has shown its help. */
function parse(
  program: ReturnType<typeof commandLine>,
  args: readonly string[],
  chosen: { action?: Action; flags?: CommonFlags },
): { action?: Action; flags?: CommonFlags; code: number } {
  try {
    // `pnpm promptq -- get ID`, as npm wants it, means the same.
    program.parse(args[0] === '--' ? args.slice(1) : args, { from: 'user' });
    return { ...chosen, code: 0 };
  } catch (error) {
    if (error instanceof CommanderError) return { code: exitCodeOf(error) };
    throw error;
  }
}

function contextOf(flags: CommonFlags, out: Output, err: Output, signal: AbortSignal): Context {
  const say = (line: string) => err.write(`${line}\n`);
  const onRetry = ({ error, delayMs }: Retry) => {
    const seconds = (delayMs / 1_000).toFixed(1);
    void say(`promptq: ${error.detail} Trying again in ${seconds} s.`);
  };
  return {
    client: openClient(flags, onRetry),
    url: flags.url,
    json: flags.json,
    out,
    err,
    say,
    signal,
  };
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
