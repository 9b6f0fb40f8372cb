import type { Job, SubmissionRequest } from '@promptq/client';
import { Option, type Command } from 'commander';
import { BadInput } from '../bad-input.ts';
import type { AddCommand } from '../command-line.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { names, number, pair, wholeNumber } from '../flags.ts';
import { Interrupted } from '../interrupted.ts';
import { printEnd } from '../output/print-end.ts';
import { readText } from '../read-text.ts';
import { toSubmission, type SubmitFlags } from './submission.ts';
import { waitForEnd } from './wait-for-end.ts';
import { watchJob } from './watch.ts';

const examples = `
Examples:
  promptq submit chat "Say hello" --wait
  promptq submit chat --file question.txt --model gpt-4o --temperature 0.7 --stream
  promptq submit analysis --text "The harbour was calm." --tasks sentiment,summary --wait --json
  promptq submit --json-body job.json        the body of POST /v1/jobs, as the API's contract has it
  ID=$(promptq submit chat "Say hello" --priority high --metadata order=42)`;

/** `promptq submit`. */
export function addSubmit(program: Command, add: AddCommand): void {
  add(
    program,
    'submit [type] [text]',
    'Submits a job (type: chat or analysis) and prints its id, or its answer.',
    (command) => {
      command
        .option('--text <text>', 'the message of a chat, the text of an analysis')
        .option('--file <path>', 'read the text from a file, - is stdin')
        .option('--json-body <path>', 'read the whole body of the request, - is stdin')
        .option('--model <name>', 'default: the one of the API (DEFAULT_MODEL)')
        .option('--temperature <t>', 'of a chat, 0 to 2', number(0, 2))
        .option('--max-tokens <n>', 'of a chat', wholeNumber(1, 1_000_000))
        .option('--tasks <list>', 'of an analysis: sentiment,topics,summary', names)
        .option('--max-concurrent <n>', 'of an analysis: calls at once', wholeNumber(1, 50))
        .option('--user-id <id>', 'comes back with the job and its audit event')
        .addOption(
          new Option('--priority <p>', 'goes first or last').choices(['high', 'normal', 'low']),
        )
        .option('--metadata <key=value>', 'comes back with the job; several times', pair)
        .option('--delay-seconds <n>', 'start later', wholeNumber(0, 604_800))
        .option(
          '--start-within-seconds <n>',
          'expires if not started by then',
          wholeNumber(1, 2_592_000),
        )
        .option('--timeout-seconds <n>', 'of one attempt', wholeNumber(1, 7_200))
        .option('--max-attempts <n>', 'how often to try', wholeNumber(1, 10))
        .option('--webhook <url>', 'who is told of the end')
        .option('--webhook-output', 'the webhook carries the output')
        .option('--idempotency-key <key>', 'the same key and body is the same job')
        .option('--wait', 'wait for the end and print the answer')
        .option('--stream', 'print the answer of a chat as it comes')
        .option('--timeout <seconds>', 'with --wait: how long', wholeNumber(1, 31_536_000))
        .addHelpText('after', examples);
    },
    ([type, text], command) =>
      async (context) => {
        const flags = command.opts<SubmitFlags>();
        const request =
          flags.jsonBody === undefined
            ? toSubmission(type, await textOf(text, flags), flags)
            : parseBody(await readText(flags.jsonBody, '--json-body'), type);
        return submit(request, flags, context);
      },
  );
}

async function submit(
  request: SubmissionRequest,
  flags: SubmitFlags,
  context: Context,
): Promise<number> {
  const { client, out, say, json, signal } = context;
  const { idempotencyKey } = flags;
  let job: Job;
  try {
    // Without a wait: whoever gives up waiting must know the id of what goes on.
    job = await client.submit(request, {
      signal,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  } catch (error) {
    if (error instanceof Interrupted)
      await say('Interrupted before the API answered: the job may have been accepted.');
    throw error;
  }
  if (flags.stream === true) return watchJob(job.id, context);
  if (flags.wait === true) {
    const timeoutMs = flags.timeout === undefined ? undefined : flags.timeout * 1_000;
    return printEnd(await waitForEnd(job, timeoutMs, context), context);
  }
  await out.write(`${json ? JSON.stringify(job) : job.id}\n`);
  if (!json && context.err.isTerminal)
    await say(`It is ${job.status}. Next: promptq wait ${job.id}`);
  return exitCodes.done;
}

async function textOf(text: string | undefined, flags: SubmitFlags): Promise<string> {
  const given = [text, flags.text, flags.file].filter((source) => source !== undefined);
  if (given.length !== 1) {
    throw new BadInput(
      'Give the text once: as an argument, with --text, or with --file (- is stdin). The whole body goes with --json-body.',
    );
  }
  return flags.file === undefined ? String(given[0]) : readText(flags.file, '--file');
}

function parseBody(text: string, type: string | undefined): SubmissionRequest {
  if (type !== undefined)
    throw new BadInput('--json-body has the type and the text: give no others.');
  try {
    // Whatever it is: the API checks it, and names what is wrong.
    return JSON.parse(text) as SubmissionRequest;
  } catch (cause) {
    throw new BadInput(`--json-body is no JSON: ${(cause as Error).message}`, { cause });
  }
}
