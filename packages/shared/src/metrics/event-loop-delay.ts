import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

const sampleIntervalMs = 20;
const windowMs = 30_000;
const nsPerSecond = 1_000_000_000;

/**
 * How late the event loop was within the last 30 to 60 s. A window that is over stays until the next one is,
 * so everyone who scrapes at least every 30 s sees each delay, however many they are.
 */
export function watchEventLoopDelay(registry: Registry): void {
  const delay = monitorEventLoopDelay({ resolution: sampleIntervalMs });
  delay.enable();
  let before = { p99: 0, max: 0 };
  const now = () => ({ p99: lateness(delay.percentile(99)), max: lateness(delay.max) });
  setInterval(() => {
    before = now();
    delay.reset();
  }, windowMs).unref();
  const p99: Gauge = new Gauge({
    name: 'promptq_event_loop_delay_p99_seconds',
    help: 'How late the event loop was in the 99th percentile, within the last minute.',
    registers: [registry],
    collect: () => p99.set(Math.max(before.p99, now().p99)),
  });
  const max: Gauge = new Gauge({
    name: 'promptq_event_loop_delay_max_seconds',
    help: 'How late the event loop was at most, within the last minute.',
    registers: [registry],
    collect: () => max.set(Math.max(before.max, now().max)),
  });
}

/** Node.js counts the time between two samples, of which the loop was to wait `sampleIntervalMs`. */
function lateness(betweenSamplesNs: number): number {
  return Math.max(0, betweenSamplesNs / nsPerSecond - sampleIntervalMs / 1_000);
}
