/** The progress of a batch, in requests. */
export interface Progress {
  done: number;
  failed: number;
  total: number;
}

/** The rate covers this time only. A batch that is resumed did nothing before. */
const rateWindowMs = 15_000;

/**
 * Measures finished jobs per second over the last 15 s. Each call adds a count and returns the rate, or `null` if there
 * is only one sample.
 */
export function rateMeter(now: () => number): (done: number) => number | null {
  const samples: { atMs: number; done: number }[] = [];
  return (done) => {
    const atMs = now();
    samples.push({ atMs, done });
    while (samples.length > 2 && atMs - (samples[1]?.atMs ?? atMs) > rateWindowMs) samples.shift();
    const first = samples[0];
    if (!first || atMs <= first.atMs) return null;
    return ((done - first.done) / (atMs - first.atMs)) * 1_000;
  };
}

/** Formats progress as `4,210/10,000 42%  3 failed  512/s  11s left`. */
export function describeProgress({ done, failed, total }: Progress, rate: number | null): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const parts = [`${formatCount(done)}/${formatCount(total)} ${percent}%`];
  if (failed > 0) parts.push(`${formatCount(failed)} failed`);
  if (rate !== null && done < total) {
    parts.push(`${rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate))}/s`);
    if (rate > 0) parts.push(`${formatDuration((total - done) / rate)} left`);
  }
  return parts.join('  ');
}

/** Formats seconds as `9s`, `4m05s` or `2h03m`. */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}

function formatCount(number: number): string {
  return number.toLocaleString('en');
}
