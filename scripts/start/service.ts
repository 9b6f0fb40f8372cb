import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { endWithParent } from '../processes/end-with-parent.ts';
import { lastLines } from '../processes/last-lines.ts';
import { signal, terminate } from '../processes/terminate.ts';

/** As in the images: V8 keeps its young generation at 32 MB (docs/operating.md, "Memory of processes"). */
const nodeOptions = ['--max-semi-space-size=16', '-C', '@promptq/source'];
const readySeconds = 30;
const pollMs = 100;

/** A running process of the API or of a worker. */
export interface Service {
  name: string;
  pid: number;
  logFile: string;
  /** Rejects with its last log lines when the process exits before `stop` or `kill`. */
  crashed: Promise<never>;
  /** Resolves when `url` answers with status 2xx. */
  waitUntilReady: (url: string, stopping: AbortSignal) => Promise<void>;
  /** Sends SIGTERM, and SIGKILL if the process has not exited within `graceSeconds`. */
  stop: (graceSeconds: number) => Promise<void>;
  kill: () => void;
}

/**
 * Starts a service from its source, with its log in a file. The service has a process group of its own, so that Ctrl-C in
 * the terminal only reaches this process, which stops the services in order. It ends when this process is killed.
 */
export async function startService(options: {
  name: string;
  script: string;
  environment: NodeJS.ProcessEnv;
  root: string;
  logDir: string;
}): Promise<Service> {
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
  // If the process cannot be spawned, both promises reject. One of them reports the error.
  exited.catch(() => undefined);
  try {
    await once(child, 'spawn');
  } finally {
    await log.close();
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} started without a pid`);
  const watcher = endWithParent(pid);

  let isStopping = false;
  const crashed = exited.then(async ([code, by]) => {
    watcher.release();
    if (isStopping) return await new Promise<never>(() => {});
    const reason = by === null ? `exit code ${String(code)}` : String(by);
    throw new Error(
      `${name} ended unexpectedly (${reason}). Its last log lines, from ${logFile}:\n${await lastLines(logFile)}`,
    );
  });
  // Nobody waits for it while the stack is stopping.
  crashed.catch(() => undefined);

  return {
    name,
    pid,
    logFile,
    crashed,
    waitUntilReady: async (url, stopping) => {
      const problem = await Promise.race([pollUntilOk(url, stopping), crashed]);
      if (problem === undefined) return;
      throw new Error(
        `${name} is not ready after ${readySeconds} s (${problem}). Its last log lines, from ${logFile}:\n${await lastLines(logFile)}`,
      );
    },
    stop: (graceSeconds) => {
      isStopping = true;
      return terminate(pid, graceSeconds);
    },
    kill: () => {
      isStopping = true;
      signal(pid, 'SIGKILL');
    },
  };
}

/** Polls until the response has status 2xx. @returns the problem when the time is over */
async function pollUntilOk(url: string, stopping: AbortSignal): Promise<string | undefined> {
  const deadline = performance.now() + readySeconds * 1000;
  for (;;) {
    const problem = await poll(url, stopping);
    if (problem === undefined || performance.now() > deadline) return problem;
    await sleep(pollMs, undefined, { signal: stopping });
  }
}

async function poll(url: string, stopping: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([stopping, AbortSignal.timeout(2000)]),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `${url} answers with status ${response.status}`;
  } catch (error) {
    stopping.throwIfAborted();
    return `${url} does not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}
