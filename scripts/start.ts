/** `pnpm start`: runs all of promptq on this machine, with two sample jobs, until Ctrl-C. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { isInUse } from './processes/free-port.ts';
import { messageOf } from './redis/ping.ts';
import { parseCommandLine, type StartOptions } from './start/options.ts';
import { runSample } from './start/sample.ts';
import { readStartSettings } from './start/settings.ts';
import { startStack, type StackOptions } from './start/stack.ts';
import { readyMessage, standInWarning } from './start/ready-message.ts';

const root = path.resolve(import.meta.dirname, '..');
const dataDir = path.join(root, '.data', 'redis');
const logDir = path.join(root, '.data', 'logs');
const sampleText = 'examples/self-reliance.txt';

const say = (line: string) => console.log(line);

const commandLine = parseCommandLine(process.argv.slice(2));
if (commandLine.kind === 'help') {
  say(commandLine.text);
} else if (commandLine.kind === 'error') {
  console.error(commandLine.text);
  process.exitCode = 1;
} else {
  process.exit(await run(commandLine.options));
}

/** Runs until a signal or an error. @returns the exit code */
async function run(options: StartOptions): Promise<number> {
  const stop = new AbortController();
  const cleanups: { part: string; cleanUp: () => Promise<void> }[] = [];
  const kills: (() => void)[] = [];
  const stopRequested = Promise.withResolvers<void>();
  const onSignal = () => {
    if (stop.signal.aborted) {
      for (const kill of kills) kill();
      say('Stopped at once.');
      process.exit(1);
    }
    say('\nStopping: the API, the workers, then Redis. Press Ctrl-C again to stop at once.');
    stop.abort();
    stopRequested.resolve();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);

  let exitCode = 0;
  try {
    const serving = serve(options, {
      stopping: stop.signal,
      onStop: (part, cleanUp) => cleanups.push({ part, cleanUp }),
      onKill: (kill) => kills.push(kill),
    });
    await Promise.race([serving, stopRequested.promise]);
  } catch (error) {
    if (!stop.signal.aborted) {
      console.error(`\n${messageOf(error)}`);
      exitCode = 1;
      stop.abort();
    }
  }
  for (const { part, cleanUp } of cleanups.toReversed()) {
    try {
      await cleanUp();
    } catch (error) {
      console.error(`${part} did not stop cleanly: ${messageOf(error)}`);
      exitCode = 1;
    }
  }
  if (cleanups.length > 0) say(exitCode === 0 ? 'Stopped.' : 'All other parts were stopped.');
  return exitCode;
}

/** Starts all parts, runs the samples, and then watches the parts. @throws {Error} when a part ends unexpectedly */
async function serve(
  options: StartOptions,
  lifecycle: Pick<StackOptions, 'stopping' | 'onStop' | 'onKill'>,
): Promise<never> {
  if (await isInUse(options.port)) {
    throw new Error(
      `Port ${options.port} is in use. Choose another port with --port, for example --port ${options.port + 1}.`,
    );
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
    ...lifecycle,
  });
  say(readyMessage(stack, logDir, settings.hasApiKeys));
  if (stack.upstream.isStandIn) say(`\n${standInWarning}`);
  if (options.sample && settings.hasApiKeys) {
    say('\nNo sample jobs, because API_KEYS or API_KEYS_FILE is set and the sample has no key.');
  } else if (options.sample) {
    await Promise.race([stack.crashed, trySample(stack.apiUrl, lifecycle.stopping)]);
  }
  lifecycle.stopping.throwIfAborted();
  say('\nRunning. Press Ctrl-C to stop.');
  return await stack.crashed;
}

/** Runs the sample jobs. If they fail, for example because of a wrong key, the stack keeps running and prints the reason. */
async function trySample(apiUrl: string, stopping: AbortSignal): Promise<void> {
  try {
    const content = await readFile(path.join(root, sampleText), 'utf8');
    await runSample({ name: sampleText, content }, { apiUrl, say, stopping });
  } catch (error) {
    if (!stopping.aborted) console.error(`\nThe sample jobs failed: ${messageOf(error)}`);
  }
}
