import { ErrorCode, type Queue } from 'bullmq';
import type { DeliveryData } from './delivery.ts';

/**
 * Has a delivery tried again now, from its first try on: one that ended, and one that waits for its next try.
 * One that is being sent, or about to be, is left as it is.
 */
export async function redeliver(
  queue: Pick<Queue<DeliveryData>, 'getJob'>,
  deliveryId: string,
): Promise<void> {
  const job = await queue.getJob(deliveryId);
  if (!job) return;
  const again = { resetAttemptsMade: true, resetAttemptsStarted: true };
  if (job.finishedOn === undefined) await unlessMoved(job.promote());
  else await unlessMoved(job.retry((await job.isFailed()) ? 'failed' : 'completed', again));
}

/** Moves a job of BullMQ. When somebody else, or its time, was faster, that is as good. */
export async function unlessMoved(moving: Promise<unknown>): Promise<void> {
  try {
    await moving;
  } catch (error) {
    const code: unknown = (error as { code?: unknown } | null)?.code;
    if (code !== ErrorCode.JobNotInState && code !== ErrorCode.JobNotExist) throw error;
  }
}
