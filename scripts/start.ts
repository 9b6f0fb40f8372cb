/** `pnpm start`: the whole of promptq on one machine, with two sample jobs, until Ctrl-C. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { isInUse } from './processes/free-port.ts';
import { messageOf } from './redis/ping.ts';
import { parseCommandLine, type StartOptions } from './start/options.ts';
import { runSample } from './start/sample.ts';
import { readStartSettings } from './start/settings.ts';
import { startStack } from './start/stack.ts';
import { standInWarning, tour } from './start/tour.ts';

const root = path.resolve(import.meta.dirname, '..');
const dataDir = path.join(root, '.data', 'redis');
const logDir = path.join(root, '.data', 'logs');
const sampleText = 'examples/self-reliance.txt';

const say = (line: string) => console.log(line);

const commandLine = parseCommandLine(process.argv.slice(2));
if (commandLine.kind === 'help') {
  say(commandLine.text);
} else if (commandLine.kind === 'fault') {
  console.error(commandLine.text);
  process.exitCode = 1;
} else {
  process.exit(await run(commandLine.options));
}

/** Runs until a signal or a fault and returns the exit code. */
async function run(options: StartOptions): Promise<number> {
  const stop = new AbortController();
  const undos: { what: string; undo: () => Promise<void> }[] = [];
  const kills: (() => void)[] = [];
  const told = Promise.withResolvers<void>();
  const onSignal = () => {
    if (stop.signal.aborted) {
      for (const kill of kills) kill();
      say('Ended at once.');
      process.exit(1);
    }
    say('\nStopping: the API, the workers, then Redis. Ctrl-C again ends at once.');
    stop.abort();
    told.resolve();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);

  let exitCode = 0;
  try {
    const serving = serve(options, {
      stopping: stop.signal,
      onStop: (what, undo) => undos.push({ what, undo }),
      onKill: (kill) => kills.push(kill),
    });
    await Promise.race([serving, told.promise]);
  } catch (error) {
    if (!stop.signal.aborted) {
      console.error(`\n${messageOf(error)}`);
      exitCode = 1;
      stop.abort();
    }
  }
  for (const { what, undo } of undos.toReversed()) {
    try {
      await undo();
    } catch (error) {
      console.error(`${what} did not stop cleanly: ${messageOf(error)}`);
      exitCode = 1;
    }
  }
  if (undos.length > 0) say(exitCode === 0 ? 'Stopped.' : 'Everything else was stopped.');
  return exitCode;
}

/** Starts everything, shows it at work, and then only watches it: rejects when a part of it breaks down. */
async function serve(
  options: StartOptions,
  life: Pick<Parameters<typeof startStack>[0], 'stopping' | 'onStop' | 'onKill'>,
): Promise<never> {
  if (await isInUse(options.port)) {
    throw new Error(`Port ${options.port} is in use; choose another with --port`);
  }
  const settings = readStartSettings(process.env);
  const stack = await startStack({
    options,
    settings,
    environment: process.env,
    root,
    dataDir,
    logDir,
    say,
    ...life,
  });
  say(tour(stack, logDir));
  if (stack.upstream.isStandIn) say(`\n${standInWarning}`);
  if (options.sample) {
    await Promise.race([stack.brokenDown, trySample(stack.apiUrl, life.stopping)]);
  }
  life.stopping.throwIfAborted();
  say('\nRunning. Ctrl-C stops everything.');
  return await stack.brokenDown;
}

/** A sample that fails says why, and the stack goes on: a wrong key is mended by trying, not by an exit. */
async function trySample(apiUrl: string, stopping: AbortSignal): Promise<void> {
  try {
    const content = await readFile(path.join(root, sampleText), 'utf8');
    await runSample({ name: sampleText, content }, { apiUrl, say, stopping });
  } catch (error) {
    if (!stopping.aborted) console.error(`\nThe sample failed: ${messageOf(error)}`);
  }
}
