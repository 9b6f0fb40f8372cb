import type { Job, SubmissionRequest } from '@promptq/client';
import { Option, type Command } from 'commander';
import type { AddCommand } from '../arguments/add-command.ts';
import type { Context } from '../context/context.ts';
import { BadInput, Interrupted } from '../context/errors.ts';
import { readText } from '../arguments/files.ts';
import { commaSeparated, decimalNumber, keyValue, wholeNumber } from '../arguments/flags.ts';
import { printAnswer, printJobId } from '../output/print.ts';
import { toSubmission, type SubmitFlags } from './submission.ts';
import { waitForJob } from './wait-for-job.ts';
import { watchJob } from './watch.ts';

const examples = `
Examples:
  promptq submit chat "Say hello" --wait
  promptq submit chat --file question.txt --model gpt-4o --temperature 0.7 --stream
  promptq submit analysis --text "The harbour was calm." --tasks sentiment,summary --wait --json
  promptq submit --json-body job.json        the body of POST /v1/jobs
  ID=$(promptq submit chat "Say hello" --priority high --metadata order=42)`;

/** Adds `promptq submit`. */
export function addSubmit(program: Command, add: AddCommand): void {
  add(
    program,
    'submit [type] [text]',
    'Submits a job (type: chat or analysis) and prints its id, or its answer.',
    (command) => {
      command
        .option('--text <text>', 'message of a chat, or text of an analysis')
        .option('--file <path>', 'read the text from a file (- is stdin)')
        .option('--json-body <path>', 'read the whole request body from a file (- is stdin)')
        .option('--model <name>', 'default: DEFAULT_MODEL of the API')
        .option('--temperature <t>', 'chat only, 0 to 2', decimalNumber(0, 2))
        .option('--max-tokens <n>', 'chat only', wholeNumber(1, 1_000_000))
        .option('--tasks <list>', 'analysis only: sentiment,topics,summary', commaSeparated)
        .option('--max-concurrent <n>', 'analysis only: calls at a time', wholeNumber(1, 50))
        .option('--user-id <id>', 'returned with the job and its audit event')
        .addOption(
          new Option('--priority <p>', 'order in the queue').choices(['high', 'normal', 'low']),
        )
        .option('--metadata <key=value>', 'returned with the job; can be repeated', keyValue)
        .option('--delay-seconds <n>', 'do not start before this time', wholeNumber(0, 604_800))
        .option(
          '--start-within-seconds <n>',
          'expire if the job has not started after this time',
          wholeNumber(1, 2_592_000),
        )
        .option('--timeout-seconds <n>', 'time limit of one attempt', wholeNumber(1, 7_200))
        .option('--max-attempts <n>', 'maximum number of attempts', wholeNumber(1, 10))
        .option('--webhook <url>', 'send the webhook event of the finished job to this URL')
        .option('--webhook-output', 'include the output in the webhook event')
        .option('--idempotency-key <key>', 'the same key and body return the same job')
        .option('--wait', 'wait until the job has finished and print the answer')
        .option('--stream', 'print the answer of a chat as it arrives')
        .option(
          '--timeout <seconds>',
          'with --wait: maximum time to wait',
          wholeNumber(1, 31_536_000),
        )
        .addHelpText('after', examples);
    },
    ([type, text], command) =>
      async (context) => {
        const flags = command.opts<SubmitFlags>();
        const request =
          flags.jsonBody === undefined
            ? toSubmission(type, await readInput(text, flags), flags)
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
  const { client, log, json, signal } = context;
  const { idempotencyKey } = flags;
  let job: Job;
  try {
    // No wait here: after Ctrl-C or --timeout, the message must contain the id of the job.
    job = await client.submit(request, {
      signal,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  } catch (error) {
    if (error instanceof Interrupted)
      await log('Interrupted before the API responded. The job may have been accepted.');
    throw error;
  }
  if (flags.stream === true) return watchJob(job.id, context);
  if (flags.wait === true) {
    const timeoutMs = flags.timeout === undefined ? undefined : flags.timeout * 1_000;
    return printAnswer(await waitForJob(job, timeoutMs, context), context);
  }
  const code = await printJobId(job, context);
  if (!json && context.err.isTerminal)
    await log(`The job is ${job.status}. To wait for its answer: promptq wait ${job.id}`);
  return code;
}

async function readInput(text: string | undefined, flags: SubmitFlags): Promise<string> {
  const sources = [text, flags.text, flags.file].filter((source) => source !== undefined);
  if (sources.length !== 1) {
    throw new BadInput(
      'Give the text once: as an argument, with --text, or with --file (- is stdin). For a whole request body, use --json-body.',
    );
  }
  return flags.file === undefined ? String(sources[0]) : readText(flags.file, '--file');
}

function parseBody(text: string, type: string | undefined): SubmissionRequest {
  if (type !== undefined)
    throw new BadInput('--json-body contains the type and the text. Do not give them again.');
  try {
    // The API validates it.
    return JSON.parse(text) as SubmissionRequest;
  } catch (cause) {
    throw new BadInput(`--json-body is not JSON: ${(cause as Error).message}`, { cause });
  }
}
