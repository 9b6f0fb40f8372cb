import type { OutputPosition } from '@promptq/store';
import { Problem } from '../problems/problem.ts';

/**
 * A client's position in the events of a job: how much of the output it has, and how many events it has received.
 * The output position means the same to every API process, so any process can continue from it.
 */
export interface EventPosition {
  output: OutputPosition;
  /** The number of events so far, over all connections of the client. */
  count: number;
  /** Whether it is the last event of the job. */
  isEnd: boolean;
}

const pattern = /^(.{1,100})\.(\d{1,12})\.(\d{1,12})\.(\d{1,12})(\.end)?$/;

/** The `id` of an event. */
export function eventId(jobId: string, { output, count, isEnd }: EventPosition): string {
  return `${jobId}.${output.attempt}.${output.characters}.${count}${isEnd ? '.end' : ''}`;
}

/**
 * Reads the header `Last-Event-ID`. An empty header counts as absent (HTML standard, "Server-sent events").
 * @throws {Problem} `invalid_request` when it is not the id of an event of this job
 */
export function readEventId(header: string | undefined, jobId: string): EventPosition | null {
  if (header === undefined || header === '') return null;
  const [, id, attempt, characters, count, end] = pattern.exec(header) ?? [];
  if (id === undefined) throw refused('This is not the id of an event.');
  if (id !== jobId) throw refused('This is the id of an event of another job.');
  return {
    output: { attempt: Number(attempt), characters: Number(characters) },
    count: Number(count),
    isEnd: end !== undefined,
  };
}

function refused(detail: string): Problem {
  return new Problem('invalid_request', `Invalid Last-Event-ID header. ${detail}`, {
    faults: [{ pointer: '/last-event-id', detail: `Last-Event-ID: ${detail}` }],
  });
}
