import { ErrorCode } from 'bullmq';

/** The lock of a job ran out, because this process or its connection stood still for too long. */
export function isLockLost(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return code === ErrorCode.JobLockNotExist || code === ErrorCode.JobLockMismatch;
}
