import type { Job } from 'bullmq';

/**
 * One death of its worker is not unusual for a job. After a second one, the job may be the cause.
 */
const quarantineAfterStalls = 2;
const minDelayMs = 500;
const maxDelayMs = 3_000;

/**
 * Separates the jobs that may have killed their worker. BullMQ returns all jobs of a dead worker together, so the next
 * worker would take the same jobs and die of the same one, and after four deaths all of them would fail. A process runs
 * one job in quarantine at a time. The others return after a short delay.
 */
export interface Quarantine {
  /** Admits the job. @returns `false` if it needs quarantine and another such job runs in this process */
  admit(job: Pick<Job, 'id' | 'stalledCounter'>): boolean;
  /** The job's attempt ended. */
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

/** When a quarantined job returns. The delay is random, so that such jobs do not return together. */
export function quarantinedUntilMs(nowMs: number): number {
  return Math.round(nowMs + minDelayMs + Math.random() * (maxDelayMs - minDelayMs));
}
