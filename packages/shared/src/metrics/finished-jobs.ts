import { Counter, type Registry } from 'prom-client';
import { jobTypes, type JobStatus, type JobType } from '../contracts/index.ts';
import { cacheLabels } from './labels.ts';

/** A terminal status. */
type FinishedStatus = Exclude<JobStatus, 'queued' | 'in_progress'>;
const statuses: FinishedStatus[] = ['completed', 'failed', 'cancelled', 'expired'];

export interface FinishedMetrics {
  /** A job ended in this process. Over all processes, each job is counted once. */
  finished(type: JobType, status: FinishedStatus): void;
}

/** API and workers both count the jobs that end in them, because the API itself cancels waiting jobs. */
export function finishedMetrics(registry: Registry): FinishedMetrics {
  const counter = new Counter({
    name: 'promptq_jobs_finished_total',
    help: 'Jobs that ended in this process, by terminal status. Over all processes, each job is counted once.',
    labelNames: ['type', 'status'],
    registers: [registry],
  });
  const counts = cacheLabels((type: JobType, status: FinishedStatus) =>
    counter.labels(type, status),
  );
  // A counter that begins at 0 shows its first job as an increase.
  for (const type of jobTypes) for (const status of statuses) counts(type, status).inc(0);
  return { finished: (type, status) => counts(type, status).inc() };
}
