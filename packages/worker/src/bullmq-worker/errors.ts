import { ErrorCode } from 'bullmq';

/** Whether the lock of a job expired, because this process or its connection was blocked for too long. */
export function isLockLost(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return code === ErrorCode.JobLockNotExist || code === ErrorCode.JobLockMismatch;
}
