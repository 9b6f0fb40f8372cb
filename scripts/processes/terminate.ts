import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 50;
const killSeconds = 5;

/** Whether a process with this id exists, including processes of other users. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Resolves when the process has exited. Checks twice a second, and does not keep this process alive. */
export async function waitForExit(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(500, undefined, { ref: false });
}

/**
 * Sends SIGTERM and waits until the process has exited. After `graceSeconds` it kills the process.
 * @throws {Error} when the process was killed, because its work may be unfinished
 */
export async function terminate(pid: number, graceSeconds: number): Promise<void> {
  signal(pid, 'SIGTERM');
  if (await exitsWithin(pid, graceSeconds)) return;
  await killAndWait(pid);
  throw new Error(`process ${pid} did not exit within ${graceSeconds} s and was killed`);
}

/** Kills a process (SIGKILL) and waits until it has exited. */
export async function killAndWait(pid: number): Promise<void> {
  signal(pid, 'SIGKILL');
  if (!(await exitsWithin(pid, killSeconds)))
    throw new Error(`process ${pid} did not exit within ${killSeconds} s after SIGKILL`);
}

/** Sends a signal. A process that has already exited is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function exitsWithin(pid: number, seconds: number): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}
