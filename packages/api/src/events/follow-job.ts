import { isTerminal, type JobEvent, type PublicJob } from '@promptq/shared/contracts';
import type { JobRecord } from '@promptq/shared/jobs';
import type { OutputPiece, OutputPosition } from '@promptq/store';
import type { Subscription } from '../waiting/subscription.ts';
import { msUntilOverdue } from '../waiting/until-overdue.ts';
import { outputCursor, type Followed } from './output-cursor.ts';

interface Deps {
  /** The job, read after the subscription began. */
  first: JobRecord;
  subscription: Subscription;
  /** Reads the job, however long Redis is unavailable. `null`: it is no longer kept, or the client has disconnected. */
  read: () => Promise<JobRecord | null>;
  /** Some of the output after a position. */
  outputAfter: (position: OutputPosition) => Promise<OutputPiece[]>;
  toPublic: (record: JobRecord) => PublicJob;
  /** Where the client continues, or `null` when it begins. */
  from: OutputPosition | null;
}

/**
 * Yields the events of a job from now to its end: its state, its output and, last, its end. The deltas since the last
 * reset are the beginning of one output; when the job completes, they are the whole output. A client that connects
 * after the stream of the output has expired gets the output only in the last event. The generator reads no faster than
 * its consumer. It ends early when the client disconnects, the process stops or the job is no longer kept.
 */
export async function* followJob(deps: Deps): AsyncGenerator<Followed> {
  const { subscription, read, outputAfter, toPublic, from } = deps;
  const output = outputCursor(from);
  const now = (event: JobEvent): Followed => ({ ...event, output: output.position() });
  const isStopped = () => subscription.isDisconnected() || subscription.isStopping();
  let record: JobRecord | null = deps.first;
  let shown: PublicJob | null = null;
  /** How many attempts have started. The output of an attempt is sent after the event that it started. */
  let known = 0;

  /** @returns whether there is output of an attempt whose start has not been seen yet */
  async function* newOutput(): AsyncGenerator<Followed, boolean> {
    while (!isStopped()) {
      const pieces = await outputAfter(output.position());
      if (pieces.length === 0) return false;
      for (const piece of pieces) {
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
      const notifications = await subscription.next(msUntilOverdue(record, Date.now()));
      if (notifications.has('tokens') && !notifications.has('changed')) continue;
    }
    record = await read();
  }
}

function isStreamed({ data: { input } }: JobRecord): boolean {
  return 'stream' in input && input.stream === true;
}

/** The whole output of a completed streamed job; `null` for any other job. */
function streamedText(record: JobRecord): string | null {
  if (!isStreamed(record) || record.state.at !== 'completed') return null;
  const { output } = record.state.result;
  return 'response' in output ? output.response : null;
}

/** The event for the current state of the job. */
function stateEvent(job: PublicJob): JobEvent {
  return { event: `job.${job.status}`, data: job };
}

/** The event for a change of the job, or `null` when nothing has changed. */
function changeEvent(before: PublicJob, job: PublicJob): JobEvent | null {
  const isSame =
    before.status === job.status &&
    before.attempt === job.attempt &&
    before.next_attempt_at === job.next_attempt_at &&
    before.cancel_requested_at === job.cancel_requested_at;
  if (!isSame) return stateEvent(job);
  return before.progress.done === job.progress.done ? null : { event: 'job.progress', data: job };
}
