import { Command, Option } from 'commander';
import type { Action } from './context.ts';
import { addAudit } from './commands/audit.ts';
import { addBatch } from './commands/batch.ts';
import { addJobs } from './commands/jobs.ts';
import { addSubmit } from './commands/submit.ts';
import { addWatch } from './commands/watch.ts';
import { exitCodesHelp } from './exit-codes.ts';
import { wholeNumber } from './flags.ts';
import type { CliSettings } from './settings.ts';

/** Flags that every command has. */
export interface CommonFlags {
  url: string;
  apiKey: string | undefined;
  json: boolean;
  retries: number;
}

/** Adds a command with the common flags. What it is to do is chosen by parsing, and done afterwards. */
export type AddCommand = (
  parent: Command,
  usage: string,
  about: string,
  define: (command: Command) => void,
  act: (args: string[], command: Command) => Action,
) => void;

const examples = `
Examples:
  promptq submit chat "Say hello"                      prints the id of the job
  promptq submit chat "Say hello" --wait               prints the answer
  promptq submit chat "Tell a story" --stream          prints the answer as it comes
  cat report.txt | promptq submit analysis --file - --wait --json
  promptq wait chat_0199... --timeout 60
  promptq batch run requests.jsonl --output results.jsonl
  promptq audit tail --follow --json | jq .reply

Environment:
  PROMPTQ_URL      where the API is (default http://127.0.0.1:3000)
  PROMPTQ_API_KEY  pq_..., when the API asks for one

The result goes to stdout, everything else to stderr; with --json an error is JSON too.`;

/** The commands, their flags and their help. Parsing has no effect but `choose`. */
export function commandLine(
  settings: CliSettings,
  choose: (action: Action, flags: CommonFlags) => void,
): Command {
  const program = new Command('promptq')
    .description('Submits, follows and audits jobs of promptq.')
    .exitOverride()
    .showHelpAfterError('Try --help.')
    .addHelpText('after', examples)
    .addHelpText('after', exitCodesHelp);

  const add: AddCommand = (parent, usage, about, define, act) => {
    const command = parent.command(usage).description(about);
    define(command);
    command
      .addOption(
        new Option('--url <url>', 'where the API is, without /v1')
          .default(settings.url)
          .helpGroup('Common options:'),
      )
      .addOption(
        new Option('--api-key <key>', 'better in PROMPTQ_API_KEY: others can see flags').helpGroup(
          'Common options:',
        ),
      )
      .addOption(
        new Option('--json', 'JSON on stdout, and nothing else')
          .default(false)
          .helpGroup('Common options:'),
      )
      .addOption(
        new Option('--retries <n>', 'how often to try again what failed in passing')
          .argParser(wholeNumber(0, 100))
          .default(4)
          .helpGroup('Common options:'),
      )
      .addHelpText('after', exitCodesHelp)
      .action(() => {
        const flags: CommonFlags = command.opts();
        const { apiKey = settings.apiKey } = flags;
        choose(act(command.args, command), { ...flags, apiKey });
      });
  };
  addSubmit(program, add);
  addJobs(program, add);
  addWatch(program, add);
  addBatch(program, add);
  addAudit(program, add);
  return program;
}
