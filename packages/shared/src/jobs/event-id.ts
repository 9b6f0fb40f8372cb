import type { JobType } from '../contracts/index.ts';

/** Fifteen digits are a safe integer, and enough for milliseconds until the year 33658. */
const eventIdPattern = /^evt_[a-z]+_(\d{1,15})_\d{1,15}$/;

/**
 * The id of a job's event, derived from the stream entry that BullMQ wrote when the job finished, so it
 * is the same however often settlement is tried.
 * @param entryId `<milliseconds>-<sequence>`
 */
export function eventIdOf(type: JobType, entryId: string): string {
  return `evt_${type}_${entryId.replace('-', '_')}`;
}

/** When the job of this event finished, by the clock of Redis; `null` when this is no event id. */
export function finishedAtOf(eventId: string): number | null {
  const milliseconds = eventIdPattern.exec(eventId)?.[1];
  return milliseconds === undefined ? null : Number(milliseconds);
}
