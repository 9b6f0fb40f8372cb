import type { JobEvent, PublicJob } from '@promptq/shared/contracts';

/** The event that shows the job as it is. */
export function stateEvent(job: PublicJob): JobEvent {
  return { event: `job.${job.status}`, data: job };
}

/** The event that shows what is new, or `null` when nothing is. */
export function changeEvent(before: PublicJob, job: PublicJob): JobEvent | null {
  const isSame =
    before.status === job.status &&
    before.attempt === job.attempt &&
    before.next_attempt_at === job.next_attempt_at &&
    before.cancel_requested_at === job.cancel_requested_at;
  if (!isSame) return stateEvent(job);
  return before.progress.done === job.progress.done ? null : { event: 'job.progress', data: job };
}
