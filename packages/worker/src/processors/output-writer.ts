import type { AppendedOutput } from '@promptq/store';
import { logFault, type Logger } from '@promptq/shared/logging';

const flushIntervalMs = 40;
/** After this many pieces, the text so far is written again as one piece, so that the stream stays short. */
const maxPieces = 1_000;

/** Publishes the answer of a streamed job while it arrives. An error never fails the job. */
export interface OutputWriter {
  /**
   * Adds text to the answer. It is published within `flushIntervalMs`, or within a round trip to Redis if that is
   * longer.
   */
  add(more: string): void;
  /**
   * Publishes the rest of the complete answer, in the background.
   * @throws {Error} when the added text differs from the answer
   */
  finish(answer: string): void;
  /** The attempt failed: nothing more is published. */
  abandon(): void;
}

interface Deps {
  /** Appends a piece that begins at this character. */
  append: (from: number, text: string) => Promise<AppendedOutput>;
  jobId: string;
  log: Logger;
}

/** Begins to publish an answer. The first piece is empty; it stops earlier attempts from writing to the stream. */
export function outputWriter({ append, jobId, log }: Deps): OutputWriter {
  let text = '';
  /** The first half of a surrogate pair, whose other half comes with the next piece. */
  let half = '';
  let published = 0;
  let pieces = 0;
  let isWriting = false;
  let isFinished = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  const isBehind = () => !isStopped && published < text.length;
  const cannotWait = () => isBehind() && (isFinished || pieces === 0);
  const writeOnce = async () => {
    const from = pieces % maxPieces === 0 ? 0 : published;
    const to = text.length;
    const appended = await append(from, text.slice(from, to));
    if (appended === 'superseded') isStopped = true;
    pieces = appended === 'gap' ? 0 : pieces + 1;
    if (appended === 'appended') published = to;
  };
  const write = async () => {
    timer = undefined;
    if (isWriting) return;
    isWriting = true;
    try {
      do await writeOnce();
      while (cannotWait());
    } catch (error) {
      isStopped = true;
      logFault(log, error, 'could not publish streamed output', { job_id: jobId });
    }
    isWriting = false;
    if (isBehind()) schedule();
  };
  const schedule = () => {
    if (!isWriting && !isStopped) timer ??= setTimeout(() => void write(), flushIntervalMs);
  };
  const take = (more: string) => {
    text += more.toWellFormed();
  };

  void write();
  return {
    add: (more) => {
      const said = half + more;
      half = endsInHalf(said) ? said.slice(-1) : '';
      take(half === '' ? said : said.slice(0, -1));
      if (isBehind()) schedule();
    },
    finish: (answer) => {
      take(half === '' && text === '' ? answer : half);
      if (text !== answer) throw new Error('the published text differs from the answer');
      isFinished = true;
      clearTimeout(timer);
      if (isBehind()) void write();
    },
    abandon: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
