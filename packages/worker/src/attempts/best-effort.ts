import { logFault, type Logger } from '@promptq/shared/logging';

/**
 * Writes shared state of the pool that the outcome of a job must not depend on. A failed write is logged.
 */
export async function bestEffort(write: Promise<unknown>, log: Logger): Promise<void> {
  try {
    await write;
  } catch (error) {
    logFault(log, error, 'could not write the state of the pool');
  }
}
