import { ErrorCode } from 'bullmq';

/**
 * Moves a job of BullMQ. When somebody else, or its time, was faster, that is as good: a job that is not delayed cannot
 * be promoted, and one that is gone cannot be moved.
 */
export async function ignoreAlreadyMoved(moving: Promise<unknown>): Promise<void> {
  try {
    await moving;
  } catch (error) {
    const code: unknown = (error as { code?: unknown } | null)?.code;
    if (code !== ErrorCode.JobNotInState && code !== ErrorCode.JobNotExist) throw error;
  }
}
