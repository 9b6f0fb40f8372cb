import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';

import { endWithParent, type ParentWatcher } from '../processes/end-with-parent.ts';
import { freePort } from '../processes/free-port.ts';
import { lastLines } from '../processes/last-lines.ts';
import { killAndWait, terminate, waitForExit } from '../processes/terminate.ts';
import { waitForPing } from './ping.ts';

/** Long enough to load a large append-only file. A server that exits is noticed at once. */
const readySeconds = 60;
const stopSeconds = 10;

/** A Redis or Valkey server that this process started and has to stop. */
export interface PrivateServer {
  url: string;
  port: number;
  pid: number;
  watcherPid: number;
  logFile: string;
  /** Resolves when the server has exited, for whatever reason. */
  exited: Promise<void>;
  /** If this process is killed, the server ends only after the process `pid` has exited. */
  endAfter: (pid: number) => void;
  /** Stops the server as SHUTDOWN does: the append-only file is complete on disk. */
  stop: () => Promise<void>;
  /** Simulates a crash (SIGKILL). A new server with the same `port` and `dataDir` has the data that was on disk. */
  kill: () => Promise<void>;
}

/**
 * Starts a server on 127.0.0.1 with its data in `dataDir`, and resolves when it answers PING. The server is detached, so
 * that Ctrl-C in the terminal does not stop it before the processes that use it. It ends when this process ends.
 * @throws {Error} with the server's last log lines, when it does not start
 */
export async function startPrivateServer(options: {
  binary: string;
  dataDir: string;
  port?: number;
  extraArgs?: readonly string[];
}): Promise<PrivateServer> {
  await mkdir(options.dataDir, { recursive: true });
  const port = options.port ?? (await freePort());
  const logFile = path.join(options.dataDir, 'server.log');
  const args = serverArguments(port, options.dataDir, options.extraArgs ?? []);
  const child = await spawnServer(options.binary, args, logFile);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.binary} started without a pid`);
  const watcher = endWithParent(pid);
  const url = `redis://127.0.0.1:${port}`;
  try {
    await waitForPing(url, {
      seconds: readySeconds,
      failure: () => (hasExited(child) ? `${options.binary} has exited` : undefined),
    });
  } catch (error) {
    await killAndWait(pid);
    watcher.release();
    throw new Error(
      `${options.binary} did not start. Its last log lines:\n${await lastLines(logFile)}`,
      { cause: error },
    );
  }
  return privateServer({ url, port, pid, logFile, watcher });
}

/** The handle of a running server, new or taken over from an earlier `pnpm start`. */
export function privateServer(running: {
  url: string;
  port: number;
  pid: number;
  logFile: string;
  watcher: ParentWatcher;
}): PrivateServer {
  const { url, port, pid, logFile, watcher } = running;
  return {
    url,
    port,
    pid,
    logFile,
    watcherPid: watcher.pid,
    exited: waitForExit(pid).then(watcher.release),
    endAfter: watcher.endAfter,
    stop: () => terminate(pid, stopSeconds).finally(watcher.release),
    kill: () => killAndWait(pid).finally(watcher.release),
  };
}

async function spawnServer(
  binary: string,
  args: readonly string[],
  logFile: string,
): Promise<ChildProcess> {
  const log = await open(logFile, 'w');
  try {
    const child = spawn(binary, args, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      // The server refuses to start with a locale that is not installed.
      env: { ...process.env, LC_ALL: 'C' },
    });
    await once(child, 'spawn');
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

function serverArguments(port: number, dataDir: string, extra: readonly string[]): string[] {
  const settings = `--port ${port} --bind 127.0.0.1 --appendonly yes --appendfsync everysec --maxmemory-policy noeviction`;
  // The append-only file holds all data. Snapshots (`--save`) would only cost forks.
  return [...settings.split(' '), '--save', '', '--dir', path.resolve(dataDir), ...extra];
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
