import { Command, Option } from 'commander';
import type { AddCommand, CommonFlags } from './arguments/add-command.ts';
import { addAudit } from './commands/audit.ts';
import { addBatch } from './commands/batch.ts';
import { addJobs } from './commands/jobs.ts';
import { addSubmit } from './commands/submit.ts';
import { addWatch } from './commands/watch.ts';
import type { Action } from './context/context.ts';
import { exitCodesHelp } from './context/exit-codes.ts';
import { wholeNumber } from './arguments/flags.ts';
import type { CliSettings } from './settings.ts';

const helpFooter = `
Examples:
  promptq submit chat "Say hello"                      print the id of the job
  promptq submit chat "Say hello" --wait               print the answer
  promptq submit chat "Tell a story" --stream          print the answer as it arrives
  cat report.txt | promptq submit analysis --file - --wait --json
  promptq wait chat_0199... --timeout 60
  promptq batch run requests.jsonl --output results.jsonl
  promptq audit tail --follow --json | jq .reply

Environment:
  PROMPTQ_URL      address of the API (default http://127.0.0.1:3000)
  PROMPTQ_API_KEY  API key (pq_...), if the API requires one

Results go to stdout, everything else to stderr. With --json, errors are JSON too.`;

/**
 * Defines the commands, their flags and their help. Parsing only calls `choose`, with the action of the command that the
 * user gave.
 */
export function commandLine(
  settings: CliSettings,
  choose: (action: Action, flags: CommonFlags) => void,
): Command {
  const program = new Command('promptq')
    .description('Submits and follows promptq jobs, runs batches, and reads the audit log.')
    .exitOverride()
    .showHelpAfterError('Try --help.')
    .addHelpText('after', helpFooter)
    .addHelpText('after', exitCodesHelp);

  const add: AddCommand = (parent, usage, description, configure, toAction) => {
    const command = parent.command(usage).description(description);
    configure(command);
    command
      .addOption(
        commonOption('--url <url>', 'address of the API, without /v1').default(settings.url),
      )
      .addOption(
        commonOption(
          '--api-key <key>',
          'API key; PROMPTQ_API_KEY is safer, because other users can see flags',
        ),
      )
      .addOption(commonOption('--json', 'write JSON to stdout, and nothing else').default(false))
      .addOption(
        commonOption('--retries <n>', 'how often to retry after a transient failure')
          .argParser(wholeNumber(0, 100))
          .default(4),
      )
      .addHelpText('after', exitCodesHelp)
      .action(() => {
        const flags: CommonFlags = command.opts();
        const { apiKey = settings.apiKey } = flags;
        choose(toAction(command.args, command), { ...flags, apiKey });
      });
  };
  addSubmit(program, add);
  addJobs(program, add);
  addWatch(program, add);
  addBatch(program, add);
  addAudit(program, add);
  return program;
}

function commonOption(flags: string, description: string): Option {
  return new Option(flags, description).helpGroup('Common options:');
}
