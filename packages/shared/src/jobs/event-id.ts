/** The prefix before the job's id in an event id. */
const prefix = 'evt_';
/** Fifteen digits fit into a safe integer and are enough for milliseconds until the year 33658. */
const otherEventPattern = /^evt_[a-z]+_(\d{1,15})_\d{1,15}$/;

/** The id of the event of a job's end. It is derived from the job's id, because a job ends once. */
export function eventIdOf(jobId: string): string {
  return `${prefix}${jobId}`;
}

/** The job's id in the id of its event. For an id of another kind, the result is arbitrary text. */
export function jobIdOfEvent(eventId: string): string {
  return eventId.slice(prefix.length);
}

/**
 * The time of an event that is not about the end of a job, such as a blocked webhook or a paused queue; `null` for
 * others.
 */
export function happenedAtOf(eventId: string): number | null {
  const milliseconds = otherEventPattern.exec(eventId)?.[1];
  return milliseconds === undefined ? null : Number(milliseconds);
}
