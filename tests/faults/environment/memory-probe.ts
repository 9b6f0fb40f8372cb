/**
 * Preloaded into a service (see `memory.ts`). On SIGUSR2 it has V8 collect all garbage and reports on stderr, as a
 * line of the log at `trace`, what is left. Without the signal it does nothing: the service runs as it would.
 */
import { writeSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { memoryLine } from './memory-line.ts';

const traceLevel = 10;
/** V8 gives the pages that it has emptied back to the system from threads of its own. */
const givingBackMs = 500;
/** An ordinary collection leaves V8 the space of its young generation, 128 MB at most; this one leaves it none. */
const all = { type: 'major', execution: 'sync', flavor: 'last-resort' } as const;

const collect = globalThis.gc;
if (!collect) throw new Error('the memory probe needs --expose-gc');

async function report(collect: NonNullable<typeof globalThis.gc>): Promise<void> {
  const rssBefore = process.memoryUsage.rss();
  // Twice, with a tick of the event loop between: what a finalizer releases is garbage only then.
  collect(all);
  await setImmediate();
  collect(all);
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  await setTimeout(givingBackMs);
  const usage = { heapUsed, heapTotal, external, rss: process.memoryUsage.rss(), rssBefore };
  writeSync(2, `${JSON.stringify({ level: traceLevel, msg: memoryLine, ...usage })}\n`);
}

process.on('SIGUSR2', () => void report(collect));
