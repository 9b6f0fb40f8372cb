import type { Redis } from 'ioredis';
import type { Registry } from 'prom-client';
import type { Logger } from '@promptq/shared/logging';
import { openRegistry, startEventLoopMonitor } from '@promptq/shared/metrics';
import type { RedisKeys } from '@promptq/shared/redis';
import { watchQueues } from './queue-metrics.ts';
import { requestMetrics, type RequestMetrics } from './request-metrics.ts';
import { submissionMetrics, type SubmissionMetrics } from './submission-metrics.ts';

/** What an API process counts and measures. */
export interface ApiMetrics {
  registry: Registry;
  requests: RequestMetrics;
  submissions: SubmissionMetrics;
}

/** The metrics of an API process, the queues' own included: those are asked for at each scrape. */
export function openApiMetrics(deps: { redis: Redis; keys: RedisKeys; log: Logger }): ApiMetrics {
  const registry = openRegistry(startEventLoopMonitor());
  watchQueues({ registry, ...deps });
  return {
    registry,
    requests: requestMetrics(registry),
    submissions: submissionMetrics(registry),
  };
}
