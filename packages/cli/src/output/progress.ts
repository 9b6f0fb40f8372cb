import type { Output } from './output.ts';

/** How far a batch is. */
export interface Progress {
  done: number;
  failed: number;
  total: number;
}

export interface ProgressBar {
  show(progress: Progress): Promise<void>;
  /** Leaves the last state standing, with the cursor behind it. */
  end(): Promise<void>;
}

/** Elsewhere than on a terminal a line now and then is enough. */
const lineEveryMs = 10_000;
/** The rate is that of the last so many milliseconds: a batch that resumes did nothing in between. */
const rateOverMs = 15_000;

/** Shows progress, rate and time left: a bar on a terminal, else a line every ten seconds and one at the end. */
export function openProgress(
  err: Output,
  now: () => number = () => performance.now(),
): ProgressBar {
  const seen: { atMs: number; done: number }[] = [];
  let saidAtMs = now();
  let last: Progress | null = null;
  let isOpen = false;
  return {
    show: async (progress) => {
      const atMs = now();
      seen.push({ atMs, done: progress.done });
      while (seen.length > 2 && atMs - (seen[1]?.atMs ?? atMs) > rateOverMs) seen.shift();
      last = progress;
      const text = describe(progress, rateOf(seen));
      if (err.isTerminal) {
        isOpen = true;
        // Erases what is left of a longer line before (ECMA-48, EL).
        await err.write(`\r${bar(progress, err.columns() - text.length - 4)} ${text}\u001B[K`);
      } else if (atMs - saidAtMs >= lineEveryMs) {
        saidAtMs = atMs;
        await err.write(`${text}\n`);
      }
    },
    end: async () => {
      if (isOpen) await err.write('\n');
      else if (last) await err.write(`${describe(last, null)}\n`);
    },
  };
}

/** Finished jobs each second, or `null` when that cannot be said yet. */
export function rateOf(seen: readonly { atMs: number; done: number }[]): number | null {
  const [first] = seen;
  const last = seen.at(-1);
  if (!first || !last || last.atMs <= first.atMs) return null;
  return ((last.done - first.done) / (last.atMs - first.atMs)) * 1_000;
}

/** `4,210/10,000 42%  3 failed  512/s  11s left`. */
export function describe({ done, failed, total }: Progress, rate: number | null): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const parts = [`${count(done)}/${count(total)} ${percent}%`];
  if (failed > 0) parts.push(`${count(failed)} failed`);
  if (rate !== null && done < total) {
    parts.push(`${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))}/s`);
    if (rate > 0) parts.push(`${duration((total - done) / rate)} left`);
  }
  return parts.join('  ');
}

/** `9s`, `4m05s`, `2h03m`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}

function bar({ done, total }: Progress, width: number): string {
  const cells = Math.max(0, Math.min(40, width));
  const full = total === 0 ? cells : Math.floor((done / total) * cells);
  return `[${'='.repeat(full)}${full < cells ? '>' : ''}${' '.repeat(Math.max(0, cells - full - 1))}]`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
