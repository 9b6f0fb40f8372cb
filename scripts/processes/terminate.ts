import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 50;
const killSeconds = 5;

/** Whether a process with this id exists; true also for one that belongs to another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Resolves when the process is gone. Asks twice a second, and does not keep this process alive. */
export async function whenGone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(500, undefined, { ref: false });
}

/**
 * Asks a process to end (SIGTERM) and waits until it has; after `graceSeconds` it is killed and the promise rejects,
 * because it may have left work unfinished.
 */
export async function terminate(pid: number, graceSeconds: number): Promise<void> {
  signal(pid, 'SIGTERM');
  if (await goneWithin(pid, graceSeconds)) return;
  await killAndWait(pid);
  throw new Error(`process ${pid} did not end within ${graceSeconds} s and was killed`);
}

/** Kills a process (SIGKILL) and waits until it is gone. */
export async function killAndWait(pid: number): Promise<void> {
  signal(pid, 'SIGKILL');
  if (!(await goneWithin(pid, killSeconds))) throw new Error(`process ${pid} cannot be killed`);
}

/** Sends a signal; a process that is already gone is what the sender wanted. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function goneWithin(pid: number, seconds: number): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}
