import type { Registry } from 'prom-client';
import {
  finishedMetrics,
  openRegistry,
  startEventLoopMonitor,
  type FinishedMetrics,
} from '@promptq/shared/metrics';
import { requestMetrics, type RequestMetrics } from './request-metrics.ts';
import { submissionMetrics, type SubmissionMetrics } from './submission-metrics.ts';

/** What an API process counts and measures. */
export interface ApiMetrics {
  registry: Registry;
  requests: RequestMetrics;
  submissions: SubmissionMetrics;
  /** Jobs that this process finishes: it cancels waiting jobs, and finishes those whose time to start is over. */
  jobs: FinishedMetrics;
}

/** The metrics of an API process. Those of the queues are read from the store: see `watchQueues`. */
export function openApiMetrics(): ApiMetrics {
  const registry = openRegistry(startEventLoopMonitor());
  return {
    registry,
    requests: requestMetrics(registry),
    submissions: submissionMetrics(registry),
    jobs: finishedMetrics(registry),
  };
}
