import { isTerminal, type JobEvent, type PublicJob } from '@promptq/shared/contracts';
import type { OutputPosition, Tokens } from '@promptq/shared/live';
import type { JobRecord } from '@promptq/shared/jobs';
import type { Subscription } from '../waiting/subscription.ts';
import { outputCursor, type Followed } from './output-cursor.ts';

interface Deps {
  /** The job, read after the ear was opened. */
  first: JobRecord;
  subscription: Subscription;
  /** Reads the job, however long Redis is away. `null` when it is no longer kept, or the client or the process is gone. */
  read: () => Promise<JobRecord | null>;
  /** Some of what was said after a position. */
  tokensAfter: (position: OutputPosition) => Promise<Tokens[]>;
  toPublic: (record: JobRecord) => PublicJob;
  /** Where the client has left off, or `null` when it begins. */
  from: OutputPosition | null;
}

/**
 * What happens to a job, from now to its end: its state, what it says, and the event of its end, which is the
 * last. The deltas since the last reset are the beginning of one answer, and in the end, when the job is
 * completed, all of it; only a client that begins after the tokens have expired finds the output in the last
 * event alone. It goes on when it is asked for more, so for a slow client it reads slowly. It ends early when the
 * client has left, the process stops or the job is no longer kept.
 */
export async function* followJob(deps: Deps): AsyncGenerator<Followed> {
  const { subscription, read, tokensAfter, toPublic, from } = deps;
  const output = outputCursor(from);
  const now = (event: JobEvent): Followed => ({ ...event, output: output.position() });
  const isStopped = () => subscription.isDisconnected() || subscription.isStopping();
  let record: JobRecord | null = deps.first;
  let shown: PublicJob | null = null;
  /** What an attempt says is sent once its beginning is, so once the job was read after it. */
  let known = 0;

  /** @returns whether an attempt speaks that is not known yet */
  async function* newOutput(): AsyncGenerator<Followed, boolean> {
    while (!isStopped()) {
      const tokens = await tokensAfter(output.position());
      if (tokens.length === 0) return false;
      for (const piece of tokens) {
        if (piece.at.attempt > known) return true;
        if (!output.reaches(piece)) return false;
        yield* output.take(piece);
      }
    }
    return false;
  }

  while (record && !isStopped()) {
    const job = toPublic(record);
    const isEnd = isTerminal(job.status);
    const change = shown ? changeEvent(shown, job) : stateEvent(job);
    shown = job;
    if (change && !isEnd) yield now(change);

    known = isEnd ? Infinity : Math.max(known, record.attemptsStarted);
    const isUnknown = isStreamed(record) && (yield* newOutput());
    if (isEnd) {
      const whole = streamedText(record);
      if (whole !== null && output.hasBegun()) {
        yield* output.takeWhole(record.attemptsStarted, whole);
      }
      if (!isStopped()) yield { ...now(stateEvent(job)), isEnd };
      return;
    }
    if (isUnknown) {
      known += 1;
    } else {
      const notifications = await subscription.next(msToExpiry(record));
      if (notifications.has('tokens') && !notifications.has('changed')) continue;
    }
    record = await read();
  }
}

function isStreamed({ data: { input } }: JobRecord): boolean {
  return 'stream' in input && input.stream === true;
}

/** The whole output of a streamed job that is completed, else `null`. */
function streamedText(record: JobRecord): string | null {
  if (!isStreamed(record) || record.state.at !== 'completed') return null;
  const { output } = record.state.result;
  return 'response' in output ? output.response : null;
}

/** A job that may not start any more is expired by the clock: nothing is published then. */
function msToExpiry({ startedAtMs, startByMs }: JobRecord): number {
  return startedAtMs === null ? startByMs + 1 - Date.now() : Infinity;
}

/** The event that shows the job as it is. */
function stateEvent(job: PublicJob): JobEvent {
  return { event: `job.${job.status}`, data: job };
}

/** The event that shows what is new, or `null` when nothing is. */
function changeEvent(before: PublicJob, job: PublicJob): JobEvent | null {
  const isSame =
    before.status === job.status &&
    before.attempt === job.attempt &&
    before.next_attempt_at === job.next_attempt_at &&
    before.cancel_requested_at === job.cancel_requested_at;
  if (!isSame) return stateEvent(job);
  return before.progress.done === job.progress.done ? null : { event: 'job.progress', data: job };
}
