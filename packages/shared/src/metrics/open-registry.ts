import { collectDefaultMetrics, Registry } from 'prom-client';
import { addEventLoopGauges, type EventLoopMonitor } from './event-loop-delay.ts';

/**
 * Defaults of prom-client that are left out. The first three are gauges with a counter's ending, which
 * `promtool check metrics` refuses; their counts by kind tell little of these processes. The lag is measured
 * by event-loop-delay.ts, because prom-client forgets it with each scrape: two Prometheus would each see a part.
 */
const leftOut = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_lag_seconds',
  'nodejs_eventloop_lag_min_seconds',
  'nodejs_eventloop_lag_max_seconds',
  'nodejs_eventloop_lag_mean_seconds',
  'nodejs_eventloop_lag_stddev_seconds',
  'nodejs_eventloop_lag_p50_seconds',
  'nodejs_eventloop_lag_p90_seconds',
  'nodejs_eventloop_lag_p99_seconds',
];
/** prom-client measures the lag all the same; so it does seldom. */
const lagIntervalMs = 1_000;

/** The metrics of one process: a registry of its own, with those of the process and its event loop. */
export function openRegistry(eventLoop: EventLoopMonitor): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagIntervalMs });
  for (const name of leftOut) registry.removeSingleMetric(name);
  addEventLoopGauges(registry, eventLoop);
  return registry;
}
