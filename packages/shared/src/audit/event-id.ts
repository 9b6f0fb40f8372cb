import type { JobType } from '../contracts/index.ts';

const eventIdPattern = /^evt_[a-z]+_(\d+)_\d+$/;

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
