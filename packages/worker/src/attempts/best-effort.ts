import { logFault, type Logger } from '@promptq/shared/logging';

/**
 * Awaits a write of the pool's shared state. The outcome of a job must not depend on it, so a failed write is only
 * logged.
 */
export async function bestEffort(write: Promise<unknown>, log: Logger): Promise<void> {
  try {
    await write;
  } catch (error) {
    logFault(log, error, 'could not write the shared state of the worker pool');
  }
}
