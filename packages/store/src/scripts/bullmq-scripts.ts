import { createRequire } from 'node:module';

interface BullmqScript {
  name: string;
  content: string;
  /** How many keys it takes. */
  keys: number;
}

// BullMQ's entry point does not export the texts of its scripts. The package has them as CommonJS modules.
const require = createRequire(import.meta.url);
const scripts = require('bullmq/dist/cjs/scripts/index.js') as Record<
  string,
  BullmqScript | undefined
>;

/** @throws {Error} when the installed BullMQ has no script of this name */
export function bullmqScript(name: string): BullmqScript {
  const script = scripts[name];
  if (!script) throw new Error(`BullMQ has no script ${name}: see bullmq-scripts.test.ts`);
  return script;
}

/**
 * Wraps the unchanged text of a BullMQ script in a Lua function. A script reads its keys and arguments from the globals
 * KEYS and ARGV and ends with `return`, so its text works as the body of a function with these two parameters.
 */
export function bullmqFunction(name: string): string {
  return `local function bullmq_${name}(KEYS, ARGV)\n${bullmqScript(name).content}\nend`;
}
