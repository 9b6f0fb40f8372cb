import { Counter, type Registry } from 'prom-client';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import type { JobQueues } from '../jobs/add-job.ts';

export interface SubmissionMetrics {
  /** Jobs were accepted: they are in Redis. */
  submitted(type: JobType, jobs: number): void;
}

export function submissionMetrics(registry: Registry): SubmissionMetrics {
  const counter = new Counter({
    name: 'promptq_jobs_submitted_total',
    help: 'Jobs that were accepted, by type.',
    labelNames: ['type'],
    registers: [registry],
  });
  const inType = Object.fromEntries(jobTypes.map((type) => [type, counter.labels(type)])) as Record<
    JobType,
    Counter.Internal
  >;
  // From the start there is a 0, so that the first job is seen as an increase.
  for (const type of jobTypes) inType[type].inc(0);
  return { submitted: (type, jobs) => inType[type].inc(jobs) };
}

/** The same queues, which count what is added to them. */
export function countSubmissions(
  queues: JobQueues,
  { submitted }: Pick<SubmissionMetrics, 'submitted'>,
): JobQueues {
  const counted = (type: JobType): JobQueues[JobType] => ({
    getJob: (id) => queues[type].getJob(id),
    add: async (name, data, options) => {
      const job = await queues[type].add(name, data, options);
      submitted(type, 1);
      return job;
    },
  });
  return { chat: counted('chat'), analysis: counted('analysis') };
}
