import cliProgress from 'cli-progress';
import { describeProgress, rateMeter, type Progress } from './describe-progress.ts';
import type { Output } from '../context/output.ts';

/** Shows the progress of one batch. */
export interface ProgressDisplay {
  show(progress: Progress): Promise<void>;
  /** Shows the last progress and moves on to the next line. */
  end(): Promise<void>;
}

/** Off a terminal, for example in the log of a CI job, a line now and then is enough. */
const lineIntervalMs = 10_000;

const maxBarWidth = 40;

/** Shows progress as a bar on a terminal, otherwise as one line every ten seconds and one at the end. */
export function openProgress(
  err: Output,
  now: () => number = () => performance.now(),
): ProgressDisplay {
  return err.isTerminal ? openBar(err, now) : openLines(err, now);
}

function openBar(err: Output, now: () => number): ProgressDisplay {
  const rate = rateMeter(now);
  const bar = new cliProgress.SingleBar({
    stream: terminalStream(err),
    // Cuts a line that is too long, instead of switching off the terminal's line wrapping.
    linewrap: true,
    barIncompleteChar: ' ',
    format: (options, { progress, maxWidth }, { text }: { text: string }) => {
      const barsize = Math.max(0, Math.min(maxBarWidth, maxWidth - text.length - 4) - 1);
      const barGlue = progress < 1 ? '>' : '=';
      return `[${cliProgress.Format.BarFormat(progress, { ...options, barsize, barGlue })}] ${text}`;
    },
  });
  let isStarted = false;
  return {
    show: async (progress) => {
      const payload = { text: describeProgress(progress, rate(progress.done)) };
      if (isStarted) bar.update(progress.done, payload);
      else bar.start(progress.total, progress.done, payload);
      isStarted = true;
    },
    end: async () => bar.stop(),
  };
}

/**
 * The terminal as cli-progress sees it. When a bar stops, cli-progress moves the cursor back to where the bar started
 * (DECSC and DECRC). If other lines were written meanwhile, for example about a retry, the next output would overwrite
 * them. So these two sequences are dropped.
 */
function terminalStream(err: Output): NodeJS.WritableStream {
  const stream = {
    isTTY: true,
    get columns() {
      return err.columns();
    },
    write: (text: string) => {
      if (text !== '\u001B7' && text !== '\u001B8') void err.write(text);
      return true;
    },
  };
  // cli-progress uses nothing else of the stream.
  return stream as unknown as NodeJS.WritableStream;
}

function openLines(err: Output, now: () => number): ProgressDisplay {
  const rate = rateMeter(now);
  let lastLineMs = now();
  let last: Progress | null = null;
  return {
    show: async (progress) => {
      last = progress;
      const text = describeProgress(progress, rate(progress.done));
      if (now() - lastLineMs < lineIntervalMs) return;
      lastLineMs = now();
      await err.write(`${text}\n`);
    },
    end: async () => {
      if (last) await err.write(`${describeProgress(last, null)}\n`);
    },
  };
}
