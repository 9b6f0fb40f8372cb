import { Counter, type Registry } from 'prom-client';
import { jobTypes, type JobType } from '@promptq/shared/contracts';

export interface SubmissionMetrics {
  /** Jobs were accepted: they are in Redis. */
  submitted(this: void, type: JobType, jobs: number): void;
}

export function submissionMetrics(registry: Registry): SubmissionMetrics {
  const counter = new Counter({
    name: 'promptq_jobs_submitted_total',
    help: 'Accepted jobs by type.',
    labelNames: ['type'],
    registers: [registry],
  });
  const inType = Object.fromEntries(jobTypes.map((type) => [type, counter.labels(type)])) as Record<
    JobType,
    Counter.Internal
  >;
  // Each counter starts at 0, so that its first job shows as an increase.
  for (const type of jobTypes) inType[type].inc(0);
  return { submitted: (type, jobs) => inType[type].inc(jobs) };
}
