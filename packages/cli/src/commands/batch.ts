import type { Command } from 'commander';
import type { AddCommand } from '../arguments/add-command.ts';
import { exitCodes } from '../context/exit-codes.ts';
import { printBatch } from '../output/print.ts';
import { followBatch, runBatch, type RunFlags } from './run-batch.ts';
import { writeResults } from './write-results.ts';

const runHelp = `
FILE holds one JSON object per line:
  {"custom_id": "row-1", "type": "chat", "input": {"message": "Say hello"}}
Each custom_id must be unique in the file. The other members are those of a single job. A file has at most 50,000
lines; split -l 50000 cuts a larger one.

The content of the file identifies the batch. After Ctrl-C, run the same command again to resume the batch, or to get
the results if it has finished. --new starts another batch.

The results are JSON lines in input order. They go to stdout, or to the file of --output once all of them are there.

Examples:
  promptq batch run requests.jsonl --output results.jsonl
  promptq batch run requests.jsonl | jq -r .custom_id
  promptq batch run requests.jsonl --output results.jsonl --json | jq .request_counts`;

interface OutputFlag {
  output?: string;
}

/** Adds the commands of `promptq batch`. */
export function addBatch(program: Command, add: AddCommand): void {
  const batch = program.command('batch').description('Runs many jobs as one batch.');
  const addOutputFlag = (command: Command) =>
    void command.option('-o, --output <path>', 'write the results to this file');
  add(
    batch,
    'run <file>',
    'Submits a file of requests, shows the progress, and writes the results.',
    (command) => {
      addOutputFlag(command);
      command
        .option('--idempotency-key <key>', 'identify the batch by this key instead of the content')
        .option('--new', 'start a new batch even if this file was submitted before')
        .addHelpText('after', runHelp);
    },
    ([file = ''], command) =>
      (context) =>
        runBatch(file, command.opts<RunFlags>(), context),
  );
  add(
    batch,
    'get <id>',
    'Prints the current state of a batch.',
    () => undefined,
    ([id = '']) =>
      async (context) =>
        printBatch(await context.client.batch.get(id, { signal: context.signal }), context),
  );
  add(
    batch,
    'wait <id>',
    'Shows the progress of a batch until it has finished, and writes its results.',
    addOutputFlag,
    ([id = ''], command) =>
      (context) =>
        followBatch(id, command.opts<OutputFlag>().output, `promptq batch wait ${id}`, context),
  );
  add(
    batch,
    'results <id>',
    'Writes the results of the finished jobs in input order, even while the batch runs.',
    addOutputFlag,
    ([id = ''], command) =>
      async (context) => {
        await writeResults(id, command.opts<OutputFlag>().output, context);
        return exitCodes.success;
      },
  );
  add(
    batch,
    'cancel <id>',
    'Cancels the jobs of a batch that have not finished.',
    () => undefined,
    ([id = '']) =>
      async (context) =>
        printBatch(await context.client.batch.cancel(id, { signal: context.signal }), context),
  );
}
