import type { ActiveJob } from './active-job.ts';

/** One worker that dies while it runs a job proves nothing. After the second one, the job may be the cause. */
const quarantineAfterStalls = 2;
const minDelayMs = 500;
const maxDelayMs = 3_000;

/**
 * Runs jobs that may kill their worker one at a time. BullMQ puts all jobs of a dead worker back into the queue
 * together. So the next worker would take the same jobs and be killed by the same one, and after four deaths all of
 * them would fail. A process runs one quarantined job at a time; the others return to the queue for a moment.
 */
export interface Quarantine {
  /** Admits the job. @returns `false` when it needs quarantine and another quarantined job runs in this process */
  admit(job: Pick<ActiveJob, 'id' | 'stalledCounter'>): boolean;
  /** The job no longer runs in this process. */
  leave(job: Pick<ActiveJob, 'id'>): void;
}

export function openQuarantine(): Quarantine {
  let running: string | null = null;
  return {
    admit: ({ id, stalledCounter }) => {
      if (stalledCounter < quarantineAfterStalls) return true;
      if (running !== null) return false;
      running = id ?? null;
      return true;
    },
    leave: ({ id }) => {
      if (running === id) running = null;
    },
  };
}

/** When a job that was not admitted is retried. The delay is random, so that such jobs are not retried together. */
export function quarantinedUntilMs(nowMs: number): number {
  return Math.round(nowMs + minDelayMs + Math.random() * (maxDelayMs - minDelayMs));
}
