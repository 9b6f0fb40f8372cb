import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';

import { endWithUs, type Tie } from '../processes/end-with-us.ts';
import { freePort } from '../processes/free-port.ts';
import { lastLines } from '../processes/last-lines.ts';
import { killAndWait, terminate, whenGone } from '../processes/terminate.ts';
import { waitForPing } from './ping.ts';

/** Loading a large append-only file takes its time; a server that died is noticed at once. */
const readySeconds = 60;
const stopSeconds = 10;

/** A Redis or Valkey server that this process started and answers for. */
export interface PrivateServer {
  url: string;
  port: number;
  pid: number;
  watcherPid: number;
  logFile: string;
  /** Resolves when the server is gone, whoever ended it. */
  gone: Promise<void>;
  /** When this process is killed, the server is ended only after that process is gone. */
  outlive: (pid: number) => void;
  /** Ends the server as SHUTDOWN does: the append-only file is complete on disk. */
  stop: () => Promise<void>;
  /** A crash (SIGKILL); the same `port` and `dataDir` start it again with what it had on disk. */
  kill: () => Promise<void>;
}

/**
 * Starts a server of our own on 127.0.0.1 with its data in `dataDir`, and resolves when it answers PING. It is detached,
 * so that a Ctrl-C in the terminal does not reach it before the processes that use it, and it ends when this process
 * does. Rejects with the server's last log lines when it does not start.
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
  if (pid === undefined) throw new Error(`${options.binary} was started but has no pid`);
  const tie = endWithUs(pid);
  const url = `redis://127.0.0.1:${port}`;
  try {
    await waitForPing(url, {
      seconds: readySeconds,
      giveUp: () => (hasExited(child) ? `${options.binary} has ended` : undefined),
    });
  } catch (error) {
    await killAndWait(pid);
    tie.release();
    throw new Error(
      `${options.binary} did not start. Its last log lines:\n${await lastLines(logFile)}`,
      { cause: error },
    );
  }
  return privateServer({ url, port, pid, logFile, tie });
}

/** The handle of a server that already runs: one just started, or one taken over from an earlier start. */
export function privateServer(running: {
  url: string;
  port: number;
  pid: number;
  logFile: string;
  tie: Tie;
}): PrivateServer {
  const { url, port, pid, logFile, tie } = running;
  return {
    url,
    port,
    pid,
    logFile,
    watcherPid: tie.watcherPid,
    gone: whenGone(pid).then(tie.release),
    outlive: tie.outlive,
    stop: () => terminate(pid, stopSeconds).finally(tie.release),
    kill: () => killAndWait(pid).finally(tie.release),
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
      // With a locale that is not installed the server refuses to start.
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
  // The append-only file is the record; snapshots (`--save`) beside it would only cost a fork.
  return [...settings.split(' '), '--save', '', '--dir', path.resolve(dataDir), ...extra];
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
