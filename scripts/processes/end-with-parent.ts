import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

import { signal } from './terminate.ts';

/**
 * Reads the pids of processes to wait for until its input ends. The input ends when the parent, which holds the other end of
 * the pipe, has exited in whatever way. The script then waits for those processes, at most 35 s (longer than a worker's
 * grace period), and ends its own process.
 */
const watcherScript = `
  pids=""; while read -r pid; do pids="$pids $pid"; done
  waited=0
  for pid in $pids; do
    while [ $waited -lt 35 ] && kill -0 "$pid" 2>/dev/null; do sleep 1; waited=$((waited + 1)); done
  done
  kill -TERM "$1"`;

/** A small process that ends another one when this process has exited. */
export interface ParentWatcher {
  pid: number;
  /** After this process has exited, the watched process only ends when `pid` has exited too, or after 35 s. */
  endAfter: (pid: number) => void;
  /** Stops watching. Call it when the watched process has exited, before its pid can be reused. */
  release: () => void;
}

/** Ends a detached process with SIGTERM when this process exits, even after `kill -9`. */
export function endWithParent(pid: number): ParentWatcher {
  const watcher = spawn('/bin/sh', ['-c', watcherScript, 'end-with-parent', String(pid)], {
    // It has a process group of its own, so that Ctrl-C in the terminal does not end the watcher first.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const watcherPid = watcher.pid;
  if (watcherPid === undefined) throw new Error('/bin/sh could not be started');
  watcher.unref();
  // After `release` the pipe is broken. A pid that is written then has no reader, and needs none.
  watcher.stdin.on('error', () => undefined);
  if (watcher.stdin instanceof Socket) watcher.stdin.unref();
  return {
    pid: watcherPid,
    endAfter: (other) => void watcher.stdin.write(`${other}\n`),
    release: () => signal(watcherPid, 'SIGKILL'),
  };
}
