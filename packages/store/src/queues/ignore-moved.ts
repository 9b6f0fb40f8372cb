import { ErrorCode } from 'bullmq';

/**
 * Awaits a move of a BullMQ job and ignores the error that says that the job has already moved or no longer exists.
 * Another process, or the end of its delay, may have moved it first.
 */
export async function ignoreAlreadyMoved(moving: Promise<unknown>): Promise<void> {
  try {
    await moving;
  } catch (error) {
    const code: unknown = (error as { code?: unknown } | null)?.code;
    if (code !== ErrorCode.JobNotInState && code !== ErrorCode.JobNotExist) throw error;
  }
}
