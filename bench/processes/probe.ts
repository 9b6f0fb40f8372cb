/**
 * Preloaded into every measured process (`--import`): tells the harness, when it asks over IPC, what the process has
 * cost. It does nothing between two questions, except while it is told to watch.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What the harness asks for. `watch` begins anew with the peaks; `end` ends the process. */
export type Order = 'figures' | 'watch' | 'end';

export interface Figures {
  /** CPU time of the process since it began, in microseconds. */
  cpuUs: number;
  /** The most resident memory since `watch`, in bytes; now, when it was not told to watch. */
  peakRssBytes: number;
  /** How late a timer was, 99 of 100 times at most, since `watch`, in milliseconds; 0 when it was not told to watch. */
  loopDelayP99Ms: number;
}

const sampleEveryMs = 20;
/** The histogram holds the whole time between two ticks of its timer, so this much is no delay. */
const tickMs = 5;

const loopDelay = monitorEventLoopDelay({ resolution: tickMs });
let peakRssBytes = 0;
let sampler: NodeJS.Timeout | undefined;

const sample = () => {
  peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
};

function watch(): void {
  peakRssBytes = 0;
  sampler ??= setInterval(sample, sampleEveryMs).unref();
  loopDelay.enable();
  loopDelay.reset();
}

function figures(): Figures {
  sample();
  const { user, system } = process.cpuUsage();
  const loopDelayP99Ms = sampler ? Math.max(0, loopDelay.percentile(99) / 1e6 - tickMs) : 0;
  return { cpuUs: user + system, peakRssBytes, loopDelayP99Ms };
}

process.on('message', (message: { order: Order }) => {
  if (message.order === 'end') process.exit();
  if (message.order === 'watch') watch();
  process.send?.(figures());
});
// The harness is gone: a measured process does not outlive it.
process.on('disconnect', () => process.exit());
// The channel alone keeps no process alive.
process.channel?.unref();
