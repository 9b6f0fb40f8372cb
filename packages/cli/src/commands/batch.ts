import type { Batch } from '@promptq/client';
import type { Command } from 'commander';
import type { AddCommand } from '../command-line.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { finishBatch, runBatch, type RunFlags } from './run-batch.ts';
import { writeResults } from './write-results.ts';

const runHelp = `
FILE has one JSON object on each line:
  {"custom_id": "row-1", "type": "chat", "input": {"message": "Say hello"}}
with a custom_id of its own and, else, what a single job may have. At most 50,000 lines (split -l 50000).

The batch is known by the content of the file: Ctrl-C and the same command again go on with it, and show what is
there when it has ended. --new begins another one.

Results are JSON lines in input order, on stdout or, when all of them are there, in --output.

Examples:
  promptq batch run requests.jsonl --output results.jsonl
  promptq batch run requests.jsonl | jq -r .custom_id
  promptq batch run requests.jsonl --output results.jsonl --json | jq .request_counts`;

interface OutputFlag {
  output?: string;
}

/** `promptq batch`. */
export function addBatch(program: Command, add: AddCommand): void {
  const batch = program.command('batch').description('Many jobs at once.');
  add(
    batch,
    'run <file>',
    'Submits a file of requests, shows their progress, and writes their results.',
    (command) => {
      command
        .option('-o, --output <path>', 'write the results there')
        .option('--idempotency-key <key>', 'instead of one made from the content of the file')
        .option('--new', 'a new batch, also when this file was submitted before')
        .addHelpText('after', runHelp);
    },
    ([file = ''], command) =>
      (context) =>
        runBatch(file, command.opts<RunFlags>(), context),
  );
  add(
    batch,
    'get <id>',
    'Prints a batch as it is now.',
    () => undefined,
    ([id = '']) =>
      async (context) =>
        printBatch(await context.client.batch.get(id, { signal: context.signal }), context),
  );
  add(
    batch,
    'wait <id>',
    'Shows the progress of a batch until it ends, and writes its results.',
    (command) => {
      command.option('-o, --output <path>', 'write the results there');
    },
    ([id = ''], command) =>
      (context) =>
        finishBatch(id, command.opts<OutputFlag>().output, `promptq batch wait ${id}`, context),
  );
  add(
    batch,
    'results <id>',
    'Writes the results that are there, in input order, also while the batch runs.',
    (command) => {
      command.option('-o, --output <path>', 'write the results there');
    },
    ([id = ''], command) =>
      async (context) => {
        await writeResults(id, command.opts<OutputFlag>().output, context);
        return exitCodes.done;
      },
  );
  add(
    batch,
    'cancel <id>',
    'Cancels what has not ended yet.',
    () => undefined,
    ([id = '']) =>
      async (context) =>
        printBatch(await context.client.batch.cancel(id, { signal: context.signal }), context),
  );
}

async function printBatch(batch: Batch, { out, json }: Context): Promise<number> {
  const { id, status } = batch;
  await out.write(`${json ? JSON.stringify(batch) : `${id}  ${status}`}\n`);
  return exitCodes.done;
}
