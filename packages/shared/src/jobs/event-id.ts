/** What an event id of a job begins with, before the job's id. */
const prefix = 'evt_';
/** Fifteen digits are a safe integer, and enough for milliseconds until the year 33658. */
const otherEventPattern = /^evt_[a-z]+_(\d{1,15})_\d{1,15}$/;

/** The id of the event of a job's end. A job ends once, so its event needs no other name. */
export function eventIdOf(jobId: string): string {
  return `${prefix}${jobId}`;
}

/** The job in the id of its event; any text for an id of another kind. */
export function jobIdOfEvent(eventId: string): string {
  return eventId.slice(prefix.length);
}

/** When an event happened that is not about the end of a job (a blocked webhook, a paused queue); `null` for other ids. */
export function happenedAtOf(eventId: string): number | null {
  const milliseconds = otherEventPattern.exec(eventId)?.[1];
  return milliseconds === undefined ? null : Number(milliseconds);
}
