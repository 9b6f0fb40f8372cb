/**
 * Loaded into every measured process (`--import`). It answers the benchmark's questions over IPC about what the process has
 * used. Between two questions it does nothing, unless it was told to watch.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** `watch` resets the peaks and starts to watch. `exit` ends the process. Each command but `exit` is answered with the usage. */
export type ProbeCommand = 'usage' | 'watch' | 'exit';

export interface Usage {
  /** CPU time of the process since its start, in microseconds. */
  cpuUs: number;
  /** The highest resident memory since `watch`, in bytes; the present one without `watch`. */
  peakRssBytes: number;
  /** The 99th percentile of the event-loop delay since `watch`, in milliseconds; 0 without `watch`. */
  loopDelayP99Ms: number;
}

const sampleIntervalMs = 20;
/** The histogram counts the whole interval of its timer, so this much of each value is no delay. */
const resolutionMs = 5;

const loopDelay = monitorEventLoopDelay({ resolution: resolutionMs });
let peakRssBytes = 0;
let sampler: NodeJS.Timeout | undefined;

const sample = () => {
  peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
};

function watch(): void {
  peakRssBytes = 0;
  sampler ??= setInterval(sample, sampleIntervalMs).unref();
  loopDelay.enable();
  loopDelay.reset();
}

function readUsage(): Usage {
  sample();
  const { user, system } = process.cpuUsage();
  const loopDelayP99Ms = sampler ? Math.max(0, loopDelay.percentile(99) / 1e6 - resolutionMs) : 0;
  return { cpuUs: user + system, peakRssBytes, loopDelayP99Ms };
}

process.on('message', ({ command }: { command: ProbeCommand }) => {
  if (command === 'exit') process.exit();
  if (command === 'watch') watch();
  process.send?.(readUsage());
});
// The benchmark has ended. A measured process must not outlive it.
process.on('disconnect', () => process.exit());
// The channel must not keep the process alive.
process.channel?.unref();
