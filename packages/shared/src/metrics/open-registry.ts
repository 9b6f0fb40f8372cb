import { collectDefaultMetrics, Registry } from 'prom-client';
import { addEventLoopGauges, type EventLoopMonitor } from './event-loop-delay.ts';

/**
 * Default metrics of prom-client that are left out. The first three are gauges with the name of a counter, which
 * `promtool check metrics` rejects, and they say little about these processes. event-loop-delay.ts measures the lag
 * instead, because prom-client resets it with each scrape, so two Prometheus servers would each see only a part.
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
/** prom-client cannot switch off its measurement of the lag, so it measures rarely. */
const lagIntervalMs = 1_000;

/** Opens the metrics registry of this process, with the metrics of the process and its event loop. */
export function openRegistry(eventLoop: EventLoopMonitor): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagIntervalMs });
  for (const name of leftOut) registry.removeSingleMetric(name);
  addEventLoopGauges(registry, eventLoop);
  return registry;
}
