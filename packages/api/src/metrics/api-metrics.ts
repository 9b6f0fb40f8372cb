import type { Registry } from 'prom-client';
import {
  finishedMetrics,
  openRegistry,
  startEventLoopMonitor,
  type FinishedMetrics,
} from '@promptq/shared/metrics';
import { requestMetrics, type RequestMetrics } from './request-metrics.ts';
import { submissionMetrics, type SubmissionMetrics } from './submission-metrics.ts';

/** The metrics of an API process. */
export interface ApiMetrics {
  registry: Registry;
  requests: RequestMetrics;
  submissions: SubmissionMetrics;
  /** Jobs that this process finishes: waiting jobs that it cancels, and overdue jobs. */
  jobs: FinishedMetrics;
}

/** Opens the metrics of an API process. `watchQueues` adds the metrics of the queues. */
export function openApiMetrics(): ApiMetrics {
  const registry = openRegistry(startEventLoopMonitor());
  return {
    registry,
    requests: requestMetrics(registry),
    submissions: submissionMetrics(registry),
    jobs: finishedMetrics(registry),
  };
}
