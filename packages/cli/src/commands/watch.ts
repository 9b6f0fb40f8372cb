import type { JobEvent } from '@promptq/client';
import type { Command } from 'commander';
import type { AddCommand } from '../arguments/add-command.ts';
import type { Context } from '../context/context.ts';
import { Interrupted } from '../context/errors.ts';
import { exitCodes } from '../context/exit-codes.ts';
import { describeOutcome } from '../output/describe-job.ts';
import { sanitizeFor } from '../context/output.ts';
import { printAnswer } from '../output/print.ts';
import { jobContinues } from './wait-for-job.ts';

/** Adds `promptq watch`. */
export function addWatch(program: Command, add: AddCommand): void {
  add(
    program,
    'watch <id>',
    'Follows a job until it has finished, and prints the answer of a streamed chat as it arrives.',
    (command) => {
      command.addHelpText(
        'after',
        '\nIf an attempt fails, the answer starts again on a new line, and stderr says so.' +
          '\nWith --json, each event is one line: {"id","type","data"}.',
      );
    },
    ([id = '']) =>
      (context) =>
        watchJob(id, context),
  );
}

/** Follows a job until it has finished. Returns the exit code. */
export async function watchJob(id: string, context: Context): Promise<number> {
  const { client, signal, log } = context;
  const show = context.json ? showAsJson(context) : showAsText(context);
  try {
    for await (const event of client.stream(id, { signal })) {
      const code = await show(event);
      if (code !== null) return code;
    }
  } catch (error) {
    if (error instanceof Interrupted) await log(jobContinues(id, 'watch'));
    throw error;
  }
  throw new Error('The stream ended without a terminal event.');
}

/** Shows one event. Returns the exit code after the terminal event, otherwise `null`. */
type ShowEvent = (event: JobEvent) => Promise<number | null>;

function showAsJson({ out }: Context): ShowEvent {
  return async (event) => {
    await out.write(`${JSON.stringify(event)}\n`);
    switch (event.type) {
      case 'job.completed':
        return exitCodes.success;
      case 'job.failed':
      case 'job.cancelled':
      case 'job.expired':
        return exitCodes.notCompleted;
      default:
        return null;
    }
  };
}

/** Writes the answer to stdout and the changes of the status to stderr. */
function showAsText(context: Context): ShowEvent {
  const { out, log, err } = context;
  let written = '';
  let lastStatus = '';
  return async (event) => {
    switch (event.type) {
      case 'output.delta':
        written += event.data.delta;
        await out.write(sanitizeFor(out, event.data.delta));
        return null;
      case 'output.reset':
        if (written !== '') await out.write('\n');
        written = '';
        await log('promptq: The attempt failed. The answer starts again.');
        return null;
      case 'job.queued':
      case 'job.in_progress':
      case 'job.progress': {
        const { id, progress, next_attempt_at: nextAt } = event.data;
        const calls = progress.total > 1 ? `, ${progress.done} of ${progress.total} calls` : '';
        const status = `${id} is ${event.data.status}${calls}${nextAt === null ? '' : `, next attempt at ${nextAt}`}`;
        // After a reconnection the API sends the current state again.
        if (status !== lastStatus && err.isTerminal && written === '') await log(status);
        lastStatus = status;
        return null;
      }
      default:
        // If there were no deltas, the terminal event has the whole answer.
        if (written === '') return printAnswer(event.data, context);
        await out.write('\n');
        if (event.type === 'job.completed') return exitCodes.success;
        await log(`promptq: ${describeOutcome(event.data)}`);
        return exitCodes.notCompleted;
    }
  };
}
