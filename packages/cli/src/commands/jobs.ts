import type { Job } from '@promptq/client';
import type { Command } from 'commander';
import type { AddCommand } from '../command-line.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { wholeNumber } from '../flags.ts';
import { describeJob } from '../output/describe-job.ts';
import { shownOn } from '../output/output.ts';
import { printEnd } from '../output/print-end.ts';
import { waitForEnd } from './wait-for-end.ts';

/** `promptq get`, `wait`, `cancel` and `retry`. */
export function addJobs(program: Command, add: AddCommand): void {
  add(
    program,
    'get <id>',
    'Prints a job as it is now. Exit code 0, whatever its status.',
    (command) => {
      command.option('--input', 'with its input, when --json is given');
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
    'Waits for the end of a job and prints its answer.',
    (command) => {
      command.option('--timeout <seconds>', 'how long', wholeNumber(1, 31_536_000));
    },
    ([id = ''], command) =>
      async (context) => {
        const { timeout } = command.opts<{ timeout?: number }>();
        const timeoutMs = timeout === undefined ? undefined : timeout * 1_000;
        return printEnd(await waitForEnd(id, timeoutMs, context), context);
      },
  );
  add(
    program,
    'cancel <id>',
    'Cancels a job, or a batch. Again does nothing more.',
    () => undefined,
    ([id = '']) =>
      async (context) => {
        const { client, signal, out, json } = context;
        if (!id.startsWith('batch_')) return printJob(await client.cancel(id, { signal }), context);
        const batch = await client.batch.cancel(id, { signal });
        await out.write(`${json ? JSON.stringify(batch) : `${batch.id}  ${batch.status}`}\n`);
        return exitCodes.done;
      },
  );
  add(
    program,
    'retry <id>',
    'Runs a failed, cancelled or expired job again, as a new one, and prints its id.',
    () => undefined,
    ([id = '']) =>
      async ({ client, signal, out, json }) => {
        const job = await client.retry(id, { signal });
        await out.write(`${json ? JSON.stringify(job) : job.id}\n`);
        return exitCodes.done;
      },
  );
}

async function printJob(job: Job, { out, json }: Context): Promise<number> {
  await out.write(`${json ? JSON.stringify(job) : shownOn(out, describeJob(job))}\n`);
  return exitCodes.done;
}
