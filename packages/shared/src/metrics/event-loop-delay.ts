import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

const resolutionMs = 20;
const windowMs = 30_000;
const nsPerMs = 1_000_000;

/** The event loop's delay in a window of 30 s. */
export interface EventLoopDelay {
  p99Ms: number;
  maxMs: number;
}

/** The monitor of the event loop. A process has one. */
export interface EventLoopMonitor {
  /** The larger values of the previous and the current window, so of the last 30 to 60 s. */
  recent(this: void): EventLoopDelay;
  /** Calls back at the end of each window with its delay. @returns unsubscribes */
  onWindow(listener: (delay: EventLoopDelay) => void): () => void;
}

/** Starts the monitor. It runs until the process ends and does not keep it alive. */
export function startEventLoopMonitor(): EventLoopMonitor {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  const listeners = new Set<(delay: EventLoopDelay) => void>();
  let previous: EventLoopDelay = { p99Ms: 0, maxMs: 0 };
  const current = () => ({
    p99Ms: delayMs(histogram.percentile(99)),
    maxMs: delayMs(histogram.max),
  });
  setInterval(() => {
    previous = current();
    histogram.reset();
    for (const listener of listeners) listener(previous);
  }, windowMs).unref();
  return {
    recent: () => {
      const { p99Ms, maxMs } = current();
      return { p99Ms: Math.max(previous.p99Ms, p99Ms), maxMs: Math.max(previous.maxMs, maxMs) };
    },
    onWindow: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Node.js measures the time between two samples, which includes the planned wait of `resolutionMs`. */
function delayMs(betweenSamplesNs: number): number {
  return Math.max(0, betweenSamplesNs / nsPerMs - resolutionMs);
}

/**
 * Adds the gauges of the event loop's delay. A scrape shows the last 30 to 60 s, so each scraper with an interval of at
 * most 30 s sees every delay, however many scrapers there are.
 */
export function addEventLoopGauges(registry: Registry, { recent }: EventLoopMonitor): void {
  const p99: Gauge = new Gauge({
    name: 'promptq_event_loop_delay_p99_seconds',
    help: 'Event loop delay, 99th percentile within the last minute.',
    registers: [registry],
    collect: () => p99.set(recent().p99Ms / 1_000),
  });
  const max: Gauge = new Gauge({
    name: 'promptq_event_loop_delay_max_seconds',
    help: 'Event loop delay, maximum within the last minute.',
    registers: [registry],
    collect: () => max.set(recent().maxMs / 1_000),
  });
}
