import type { JobEvent } from '@promptq/client';
import type { Command } from 'commander';
import type { AddCommand } from '../command-line.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Interrupted } from '../interrupted.ts';
import { endOf } from '../output/describe-job.ts';
import { shownOn } from '../output/output.ts';
import { printEnd } from '../output/print-end.ts';

/** `promptq watch`. */
export function addWatch(program: Command, add: AddCommand): void {
  add(
    program,
    'watch <id>',
    'Prints what happens to a job until it ends, and the answer of a streamed chat as it comes.',
    (command) => {
      command.addHelpText(
        'after',
        '\nWhen an attempt fails midway the answer begins again on a new line, and stderr says so.' +
          '\nWith --json: one line {"id","type","data"} for each event.',
      );
    },
    ([id = '']) =>
      (context) =>
        watchJob(id, context),
  );
}

/** Follows a job to its end. Returns the exit code. */
export async function watchJob(id: string, context: Context): Promise<number> {
  const { client, signal, say } = context;
  const show = context.json ? showAsJson(context) : showAsText(context);
  try {
    for await (const event of client.stream(id, { signal })) {
      const code = await show(event);
      if (code !== null) return code;
    }
  } catch (error) {
    if (error instanceof Interrupted)
      await say(`\nThe job goes on. Back to it: promptq watch ${id}; end it: promptq cancel ${id}`);
    throw error;
  }
  throw new Error('the stream ended without a terminal event');
}

type Show = (event: JobEvent) => Promise<number | null>;

function showAsJson({ out }: Context): Show {
  return async (event) => {
    await out.write(`${JSON.stringify(event)}\n`);
    switch (event.type) {
      case 'job.completed':
        return exitCodes.done;
      case 'job.failed':
      case 'job.cancelled':
      case 'job.expired':
        return exitCodes.endedOtherwise;
      default:
        return null;
    }
  };
}

/** The answer on stdout, what happens on stderr. */
function showAsText(context: Context): Show {
  const { out, say, err } = context;
  let written = '';
  let status = '';
  return async (event) => {
    switch (event.type) {
      case 'output.delta':
        written += event.data.delta;
        await out.write(shownOn(out, event.data.delta));
        return null;
      case 'output.reset':
        if (written !== '') await out.write('\n');
        written = '';
        await say('promptq: that attempt failed; the answer begins again');
        return null;
      case 'job.queued':
      case 'job.in_progress':
      case 'job.progress': {
        const { id, progress, next_attempt_at: nextAt } = event.data;
        const calls = progress.total > 1 ? `, ${progress.done} of ${progress.total} calls` : '';
        const now = `${id} is ${event.data.status}${calls}${nextAt === null ? '' : `, next attempt at ${nextAt}`}`;
        // After a reconnection the state is told again.
        if (now !== status && err.isTerminal && written === '') await say(now);
        status = now;
        return null;
      }
      default:
        // Without a word so far, all of the answer is in the last event.
        if (written === '') return printEnd(event.data, context);
        await out.write('\n');
        if (event.type === 'job.completed') return exitCodes.done;
        await say(`promptq: ${endOf(event.data)}`);
        return exitCodes.endedOtherwise;
    }
  };
}
