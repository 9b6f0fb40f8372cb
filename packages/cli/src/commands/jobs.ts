import type { Command } from 'commander';
import type { AddCommand } from '../arguments/add-command.ts';
import { wholeNumber } from '../arguments/flags.ts';
import { printAnswer, printBatch, printJob, printJobId } from '../output/print.ts';
import { waitForJob } from './wait-for-job.ts';

/** Adds `promptq get`, `wait`, `cancel` and `retry`. */
export function addJobs(program: Command, add: AddCommand): void {
  add(
    program,
    'get <id>',
    'Prints the current state of a job. The exit code is 0 for every status.',
    (command) => {
      command.option('--input', 'include the input, with --json');
    },
    ([id = ''], command) =>
      async (context) => {
        const { input } = command.opts<{ input?: boolean }>();
        const { client, signal } = context;
        const job = await client.get(id, {
          signal,
          ...(input === true ? { include: 'input' } : {}),
        });
        return printJob(job, context);
      },
  );
  add(
    program,
    'wait <id>',
    'Waits until a job has finished and prints its answer.',
    (command) => {
      command.option('--timeout <seconds>', 'maximum time to wait', wholeNumber(1, 31_536_000));
    },
    ([id = ''], command) =>
      async (context) => {
        const { timeout } = command.opts<{ timeout?: number }>();
        const timeoutMs = timeout === undefined ? undefined : timeout * 1_000;
        return printAnswer(await waitForJob(id, timeoutMs, context), context);
      },
  );
  add(
    program,
    'cancel <id>',
    'Cancels a job or a batch. It has no effect on one that has finished.',
    () => undefined,
    ([id = '']) =>
      async (context) => {
        const { client, signal } = context;
        if (id.startsWith('batch_'))
          return printBatch(await client.batch.cancel(id, { signal }), context);
        return printJob(await client.cancel(id, { signal }), context);
      },
  );
  add(
    program,
    'retry <id>',
    'Submits a failed, cancelled or expired job again and prints the id of the new job.',
    () => undefined,
    ([id = '']) =>
      async (context) =>
        printJobId(await context.client.retry(id, { signal: context.signal }), context),
  );
}
