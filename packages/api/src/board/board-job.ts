import { z } from 'zod';
import { progressSchema } from '@promptq/shared/contracts';
import { readFailure } from '@promptq/shared/failure';
import { webhooksQueue } from '@promptq/shared/webhooks';
import type { BoardRow, BoardState, QueueKind } from '@promptq/store';

/** The states of BullMQ that the board shows. */
export const boardStates = [
  'active',
  'waiting',
  'prioritized',
  'delayed',
  'completed',
  'failed',
] as const satisfies BoardState[];

/**
 * The only fields of a job's hash that are read for the board (BullMQ 6: `atm` attempts made, `ats` started, `stc`
 * stalled, `pb` processed by). `data`, `returnvalue`, `stacktrace` and the logs can contain prompts and answers, so
 * they are never read.
 */
export const boardFields = [
  'name',
  'timestamp',
  'processedOn',
  'finishedOn',
  'pb',
  'atm',
  'ats',
  'stc',
  'delay',
  'priority',
  'progress',
  'opts',
  'failedReason',
] as const;

const wholeNumber = z.coerce.number().int();
const optionalNumber = wholeNumber.nullable();
const optionalText = z.string().nullable();

/** A job as the store returns it: its id, its state, and its fields in the order of `boardFields`. */
const boardRowSchema = z.tuple([
  z.string(),
  z.enum(boardStates),
  z.tuple([
    z.string(),
    wholeNumber,
    optionalNumber,
    optionalNumber,
    optionalText,
    optionalNumber,
    optionalNumber,
    optionalNumber,
    optionalNumber,
    optionalNumber,
    optionalText,
    z.string(),
    optionalText,
  ]),
]);

const optionsSchema = z.object({ attempts: z.int().default(1) });

/** A job as the board shows it. Times are milliseconds since 1970. */
export interface BoardJob {
  id: string;
  state: BoardState;
  name: string;
  timestamp: number;
  processedOn: number | null;
  finishedOn: number | null;
  processedBy: string | null;
  attemptsMade: number;
  attemptsStarted: number;
  stalledCounter: number;
  delay: number;
  priority: number;
  /** The percentage of finished upstream calls. */
  progress: number;
  failedReason: string;
  opts: { attempts: number };
}

/** @throws {z.ZodError} when the hash was not written by promptq */
export function toBoardJob(queue: QueueKind, row: BoardRow): BoardJob {
  const [id, state, fields] = boardRowSchema.parse(row);
  const [name, timestamp, processedOn, finishedOn, processedBy, ...numbersAndTexts] = fields;
  const [made, started, stalled, delay, priority, progress, options, failedReason] =
    numbersAndTexts;
  return {
    id,
    state,
    name,
    timestamp,
    processedOn,
    finishedOn,
    processedBy,
    attemptsMade: made ?? 0,
    attemptsStarted: started ?? 0,
    stalledCounter: stalled ?? 0,
    delay: delay ?? 0,
    priority: priority ?? 0,
    progress: state === 'completed' ? 100 : percentOf(progress), // A short job reports no progress.
    // A job that completed after a failed attempt still has its reason.
    failedReason:
      failedReason === null || state === 'completed'
        ? ''
        : reasonOf(queue, failedReason, stalled ?? 0),
    opts: optionsSchema.parse(JSON.parse(options)),
  };
}

/** The code of the failure. Texts are never shown, because they can contain prompts, receivers and keys. */
function reasonOf(queue: QueueKind, failedReason: string, stalledCount: number): string {
  return queue === webhooksQueue ? 'not delivered' : readFailure(failedReason, stalledCount).code;
}

function percentOf(text: string | null): number {
  const progress = progressSchema.safeParse(text === null ? null : JSON.parse(text));
  return progress.success ? Math.round((100 * progress.data.done) / progress.data.total) : 0;
}
