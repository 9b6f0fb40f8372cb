import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { endWithUs } from '../processes/end-with-us.ts';
import { lastLines } from '../processes/last-lines.ts';
import { signal, terminate } from '../processes/terminate.ts';

/** As in the images: V8 keeps its young generation at 32 MB (docs/operating.md, "Memory of processes"). */
const nodeOptions = ['--max-semi-space-size=16', '-C', '@promptq/source'];
const readySeconds = 30;
const pollMs = 100;

/** A service of ours in a process of its own. */
export interface Child {
  name: string;
  pid: number;
  logFile: string;
  /** Rejects, with its last log lines, when it ends before it was told to. */
  diedAlone: Promise<never>;
  /** Resolves when `url` answers 200. */
  untilReady: (url: string, stopping: AbortSignal) => Promise<void>;
  /** SIGTERM, and SIGKILL when it has not ended within `graceSeconds`. */
  stop: (graceSeconds: number) => Promise<void>;
  kill: () => void;
}

/**
 * Starts a service from source with its log in a file. It leads a process group of its own, so that a Ctrl-C in the
 * terminal reaches only us, who stop the services in order; and it is ended when this process is killed.
 */
export async function startChild(options: {
  name: string;
  script: string;
  environment: NodeJS.ProcessEnv;
  root: string;
  logDir: string;
}): Promise<Child> {
  const { name } = options;
  await mkdir(options.logDir, { recursive: true });
  const logFile = path.join(options.logDir, `${name}.log`);
  const log = await open(logFile, 'w');
  const child = spawn(process.execPath, [...nodeOptions, options.script], {
    cwd: options.root,
    env: options.environment,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  const exited = once(child, 'exit');
  // When it cannot be spawned at all, both promises reject: the error is told once.
  exited.catch(() => undefined);
  try {
    await once(child, 'spawn');
  } finally {
    await log.close();
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} was started but has no pid`);
  const tie = endWithUs(pid);

  let told = false;
  const diedAlone = exited.then(async ([code, by]) => {
    tie.release();
    if (told) return await new Promise<never>(() => {});
    const how = by === null ? `exit code ${String(code)}` : String(by);
    throw new Error(
      `${name} ended unexpectedly (${how}). Its last log lines, from ${logFile}:\n${await lastLines(logFile)}`,
    );
  });
  // Whoever waits sees it; nobody waits while everything is being stopped.
  diedAlone.catch(() => undefined);

  return {
    name,
    pid,
    logFile,
    diedAlone,
    untilReady: async (url, stopping) => {
      const problem = await Promise.race([untilOk(url, stopping), diedAlone]);
      if (problem === undefined) return;
      throw new Error(
        `${name} is not ready after ${readySeconds} s (${problem}). Its last log lines, from ${logFile}:\n${await lastLines(logFile)}`,
      );
    },
    stop: (graceSeconds) => {
      told = true;
      return terminate(pid, graceSeconds);
    },
    kill: () => {
      told = true;
      signal(pid, 'SIGKILL');
    },
  };
}

/** Asks until the answer is 200, or returns what is wrong when the time is over. */
async function untilOk(url: string, stopping: AbortSignal): Promise<string | undefined> {
  const deadline = performance.now() + readySeconds * 1000;
  for (;;) {
    const problem = await askOnce(url, stopping);
    if (problem === undefined || performance.now() > deadline) return problem;
    await sleep(pollMs, undefined, { signal: stopping });
  }
}

async function askOnce(url: string, stopping: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([stopping, AbortSignal.timeout(2000)]),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `${url} answers ${response.status}`;
  } catch (error) {
    stopping.throwIfAborted();
    return `${url} does not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}
