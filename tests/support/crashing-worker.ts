/**
 * A worker process that the operating system kills at one boundary of a job's life. DIES_AT names the boundary:
 * `before-` or `after-` a `call` to the upstream, a `checkpoint` (the write of a part of an analysis), a `finish`
 * (BullMQ's script) or a `settlement` (the script of ours). It dies there for the DIES_ON-th time (default 1).
 */
import { createHash } from 'node:crypto';
import type { Command, Redis } from 'ioredis';
import { runWorker } from './run-worker.ts';
import { die, upstreamCall } from './upstream-call.ts';

const [side, boundary] = (process.env['DIES_AT'] ?? '').split('-');
let left = Number(process.env['DIES_ON'] ?? 1);
const isTheOne = () => (left -= 1) === 0;

const scripts = new Map<string, string>();

/** The boundary that this command to Redis is, or `null`. */
function boundaryOf(command: Command): string | null {
  const args = command.args.map(String);
  if (command.name === 'hset' && args[0]?.includes(':parts:')) return 'checkpoint';
  if (command.name !== 'evalsha') return null;
  const script = scripts.get(args[0] ?? '') ?? '';
  if (script.startsWith('moveToFinished')) return 'finish';
  const settlesJobs = Number(args[1]) > 2;
  return script === 'promptqSettle' && settlesJobs ? 'settlement' : null;
}

/** Kills this process when it sends the command of its boundary. */
function dieAtBoundary(redis: Redis): void {
  const define = redis.defineCommand.bind(redis);
  redis.defineCommand = (name, definition) => {
    scripts.set(createHash('sha1').update(definition.lua).digest('hex'), name);
    define(name, definition);
  };
  const send = redis.sendCommand.bind(redis);
  let diesAfterExec = false;
  redis.sendCommand = (command, stream) => {
    if (boundaryOf(command) === boundary && isTheOne()) {
      if (side === 'before') die();
      // The parts are written in a transaction: the answer to its EXEC is the moment after.
      else if (boundary === 'checkpoint') diesAfterExec = true;
      else command.promise.then(die, die);
    }
    if (diesAfterExec && command.name === 'exec') command.promise.then(die, die);
    return send(command, stream);
  };
}

await runWorker('crashing', ({ settings, redis }) => {
  dieAtBoundary(redis);
  const call = upstreamCall(settings.OPENAI_BASE_URL ?? '', settings.OPENAI_API_KEY ?? '');
  return {
    complete: async (request, options) => {
      const dies = boundary === 'call' && isTheOne();
      if (dies && side === 'before') die();
      const completion = await call(request, options);
      if (dies) die();
      return completion;
    },
  };
});
