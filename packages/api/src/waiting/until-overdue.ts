import type { JobRecord } from '@promptq/shared/jobs';

/** The clock of Redis decides whether a job is overdue. It may be slightly behind this process's clock. */
const clockMarginMs = 50;
/** The minimum interval between reads when the clock of Redis is far behind. */
const minReadIntervalMs = 200;

/**
 * The milliseconds to wait before a job is read again without a notification. Nothing is published when the deadline to
 * start passes; the store finishes the job as expired when it is read after the deadline.
 * @returns `Infinity` for a job that has started
 */
export function msUntilOverdue(
  { startedAtMs, startByMs }: Pick<JobRecord, 'startedAtMs' | 'startByMs'>,
  nowMs: number,
): number {
  if (startedAtMs !== null) return Infinity;
  return Math.max(minReadIntervalMs, startByMs + clockMarginMs - nowMs);
}
