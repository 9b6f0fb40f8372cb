import { Gauge, type Registry } from 'prom-client';
import type { QueueMetrics } from '../bullmq-worker/consume-queue.ts';
import { attemptMetrics } from './attempt-metrics.ts';
import { deliveryMetrics, type DeliveryMetrics } from './delivery-metrics.ts';
import { finishedMetrics, type FinishedMetrics } from '@promptq/shared/metrics';
import type { UpstreamObserver } from '../upstream/observer.ts';
import { upstreamMetrics } from './upstream-metrics.ts';

/** The metrics of a worker process. */
export interface WorkerMetrics {
  attempts: QueueMetrics;
  finished: FinishedMetrics;
  upstream: UpstreamObserver;
  deliveries: DeliveryMetrics;
  /** Sets the function that scrapes call to find out whether Redis answers. */
  watchRedis(isUp: () => boolean): void;
}

export function workerMetrics(registry: Registry): WorkerMetrics {
  let isUp = () => false;
  const up: Gauge = new Gauge({
    name: 'promptq_redis_up',
    help: 'Whether Redis answers this process.',
    registers: [registry],
    collect: () => up.set(isUp() ? 1 : 0),
  });
  return {
    attempts: attemptMetrics(registry),
    finished: finishedMetrics(registry),
    upstream: upstreamMetrics(registry),
    deliveries: deliveryMetrics(registry),
    watchRedis: (ask) => {
      isUp = ask;
    },
  };
}
