import type { Job } from 'bullmq';

/**
 * The death of a worker is nothing unusual for a job; a second one is, and then it may be the job that kills.
 */
const quarantineAfterStalls = 2;
const minDelayMs = 500;
const maxDelayMs = 3_000;

/**
 * Keeps jobs apart of which one may kill its worker. BullMQ puts all jobs of a dead worker back together, so
 * the next worker would take the same company, be killed by the same one, and after four times the innocent
 * would have failed with the guilty. A process runs one suspect at a time; the others come back in a moment.
 */
export interface Quarantine {
  /** Takes the job in; `false` when it is suspect and another suspect runs here. */
  admit(job: Pick<Job, 'id' | 'stalledCounter'>): boolean;
  /** The job is no longer run here. */
  leave(job: Pick<Job, 'id'>): void;
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

/** When a job that was kept apart comes back, at random, so that suspects do not come back together. */
export function quarantinedUntilMs(nowMs: number): number {
  return Math.round(nowMs + minDelayMs + Math.random() * (maxDelayMs - minDelayMs));
}
