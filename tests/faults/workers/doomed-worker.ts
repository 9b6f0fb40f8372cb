/**
 * A worker process that the operating system kills at one boundary of a job's way, named by DIES_AT, when it
 * comes there for the DIES_ON-th time: `before` or `after` a `call` to the upstream, a `checkpoint` (the
 * write of a part of an analysis), a `finish` (BullMQ's script) or a `settlement` (the script of ours).
 */
import { createHash } from 'node:crypto';
import type { Command } from 'ioredis';
import { Redis } from 'ioredis';
import { createLogger } from '@promptq/shared/logging';
import { readSettings } from '@promptq/shared/settings';
import { runWorker } from '@promptq/worker/run-worker';
import { workerSettingsSchema } from '@promptq/worker/settings';
import { die, upstreamCall } from './upstream-call.ts';

const settings = readSettings(workerSettingsSchema, process.env);
const log = createLogger({ service: 'worker', level: settings.LOG_LEVEL });
const redis = new Redis(settings.REDIS_URL, { maxRetriesPerRequest: null });
const [blocking, subscriber] = [redis.duplicate(), redis.duplicate()];

const [side, boundary] = (process.env['DIES_AT'] ?? '').split('-');
let left = Number(process.env['DIES_ON'] ?? 1);
const isTheOne = () => (left -= 1) === 0;

const scripts = new Map<string, string>();
const define = redis.defineCommand.bind(redis);
redis.defineCommand = (name, definition) => {
  scripts.set(createHash('sha1').update(definition.lua).digest('hex'), name);
  define(name, definition);
};

/** The boundary that a command to Redis is, if any. */
function boundaryOf(command: Command): string | null {
  const args = command.args.map(String);
  if (command.name === 'hset' && args[0]?.includes(':parts:')) return 'checkpoint';
  if (command.name !== 'evalsha') return null;
  const script = scripts.get(args[0] ?? '') ?? '';
  if (script.startsWith('moveToFinished')) return 'finish';
  const settlesJobs = Number(args[1]) > 2;
  return script === 'promptqSettle' && settlesJobs ? 'settlement' : null;
}

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

const call = upstreamCall(settings.OPENAI_BASE_URL ?? '', settings.OPENAI_API_KEY ?? '');
await runWorker({
  settings,
  log,
  redis,
  blocking,
  subscriber,
  workerName: `doomed-${process.pid}`,
  complete: async (request, options) => {
    const isHere = boundary === 'call' && isTheOne();
    if (isHere && side === 'before') die();
    const completion = await call(request, options);
    if (isHere) die();
    return completion;
  },
});
log.info('ready');
