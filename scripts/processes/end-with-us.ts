import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

import { signal } from './terminate.ts';

/**
 * Reads the pids to wait for until its input ends, which it does when the process that holds the other end of the pipe
 * is gone, however it went. Then it waits (35 s at most, longer than the grace of a worker) and ends the process.
 */
const watcherScript = `
  pids=""; while read -r pid; do pids="$pids $pid"; done
  waited=0
  for pid in $pids; do
    while [ $waited -lt 35 ] && kill -0 "$pid" 2>/dev/null; do sleep 1; waited=$((waited + 1)); done
  done
  kill -TERM "$1"`;

/** The promise that a process ends when this one does. */
export interface Tie {
  watcherPid: number;
  /** When this process dies, the other is ended only after `pid` is gone (or 35 s have passed). */
  outlive: (pid: number) => void;
  /** Takes the promise back. Call it when the process has ended, before its pid can belong to another. */
  release: () => void;
}

/** Has a detached process ended with SIGTERM once this process is gone, even by `kill -9`. */
export function endWithUs(pid: number): Tie {
  const watcher = spawn('/bin/sh', ['-c', watcherScript, 'end-with-us', String(pid)], {
    // Of a group of its own: a Ctrl-C in the terminal must not end the watcher first.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const watcherPid = watcher.pid;
  if (watcherPid === undefined) throw new Error('/bin/sh cannot be started');
  watcher.unref();
  // After `release` the pipe is broken: a pid written then has nobody to wait for it.
  watcher.stdin.on('error', () => undefined);
  if (watcher.stdin instanceof Socket) watcher.stdin.unref();
  return {
    watcherPid,
    outlive: (other) => void watcher.stdin.write(`${other}\n`),
    release: () => signal(watcherPid, 'SIGKILL'),
  };
}
