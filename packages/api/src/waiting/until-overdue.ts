import type { JobRecord } from '@promptq/shared/jobs';

/** Redis's clock decides whether a job is overdue. It may be a little behind ours. */
const clockMarginMs = 50;
/** When it is far behind, the job is read again at most this often. */
const minReadIntervalMs = 200;

/**
 * How many milliseconds to wait before a job is read again although no notification has come. Nothing is published when the
 * time to start is over: the store finishes the job as expired when it is read after that.
 * @returns `Infinity` for a job that has started
 */
export function msUntilOverdue(
  { startedAtMs, startByMs }: Pick<JobRecord, 'startedAtMs' | 'startByMs'>,
  nowMs: number,
): number {
  if (startedAtMs !== null) return Infinity;
  return Math.max(minReadIntervalMs, startByMs + clockMarginMs - nowMs);
}
