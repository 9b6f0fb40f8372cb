import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { Packr } from 'msgpackr';
import { bullmqFunction } from './bullmq-scripts.ts';

/** The arguments of a script. */
interface ScriptCall {
  /** The Redis keys that the script declares. It may touch others, which its header lists. */
  keys: string[];
  /** Named values that control the script. They arrive in Lua as one msgpack object, `ARGV[1]`. */
  control?: Record<string, unknown>;
  /** Texts and bytes that the script stores unchanged: `ARGV[2]` and so on. */
  payloads?: (string | Buffer)[];
}

/** Runs the script. It resolves with the raw reply of Redis. */
export type Script = (redis: Redis, call: ScriptCall) => Promise<unknown>;

type DefinedCommand = (args: (string | number | Buffer)[]) => Promise<unknown>;

// `useRecords: false` gives plain maps, which the cmsgpack library of Redis reads.
const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });

/** Packs control values for `cmsgpack.unpack`. */
export function pack(value: unknown): Buffer {
  return packr.pack(value);
}

const directive = /^--- @(include|bullmq) (\S+)$/gm;
const sources = new Map<string, string>();

/**
 * The script in the file `<name>.lua` beside the module. Redis receives its text once per connection; later calls send
 * its hash, and ioredis sends the text again when Redis has forgotten the script.
 *
 * Two directives, each on its own line, include other texts:
 * - `--- @include <path>`: another `.lua` file, relative to this one;
 * - `--- @bullmq <script>`: a script of BullMQ, unchanged, as the function `bullmq_<script>(KEYS, ARGV)`.
 * @param moduleUrl `import.meta.url` of the module that calls the script
 * @throws {Error} when the file, or what it includes, is missing
 */
export function defineScript(moduleUrl: string, name: string): Script {
  const command = `promptq:${name}`;
  const lua = readSource(new URL(`./${name}.lua`, moduleUrl));
  sources.set(name, lua);
  return (redis, { keys, control, payloads = [] }) => {
    const run = defined(redis, command, lua);
    const args = control ? [pack(control), ...payloads] : payloads;
    return run.call(redis, [keys.length, ...keys, ...args]);
  };
}

/**
 * A script that takes the keys and arguments of a BullMQ script and appends its own.
 * @see defineScript
 */
export function defineWrappedScript(moduleUrl: string, name: string, keyCount: number) {
  const command = `promptq:${name}`;
  const lua = readSource(new URL(`./${name}.lua`, moduleUrl));
  sources.set(name, lua);
  return (redis: Redis, keysAndArgs: (string | number | Buffer)[]): Promise<unknown> =>
    defined(redis, command, lua).call(redis, [keyCount, ...keysAndArgs]);
}

/** The texts of all scripts that were defined in this process, by name. */
export function definedScripts(): ReadonlyMap<string, string> {
  return sources;
}

function defined(redis: Redis, command: string, lua: string): DefinedCommand {
  // ioredis adds a method with the command's name, which its types do not contain.
  const commands = redis as unknown as Record<string, DefinedCommand | undefined>;
  if (!commands[command]) redis.defineCommand(command, { lua });
  return commands[command] as DefinedCommand;
}

function readSource(file: URL): string {
  return readFileSync(file, 'utf8').replaceAll(directive, (_, kind: string, name: string) =>
    kind === 'bullmq' ? bullmqFunction(name) : readSource(new URL(name, file)),
  );
}
