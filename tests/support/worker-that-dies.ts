/**
 * A worker process that is killed by the operating system at one place, named by DIES_AT:
 * `before-settling`: its jobs are finished in Redis, and their events are read but not settled;
 * `after-settling`: they are settled, and the process does not learn of it.
 */
import { Redis } from 'ioredis';
import { createLogger } from '@promptq/shared/logging';
import { readSettings } from '@promptq/shared/settings';
import { runWorker } from '@promptq/worker/run-worker';
import { workerSettingsSchema } from '@promptq/worker/settings';

type Settle = (...args: unknown[]) => Promise<unknown>;

const settings = readSettings(workerSettingsSchema, process.env);
const log = createLogger({ service: 'worker', level: settings.LOG_LEVEL });
const redis = new Redis(settings.REDIS_URL, { maxRetriesPerRequest: null });
const [blocking, subscriber] = [redis.duplicate(), redis.duplicate()];
const die = () => process.kill(process.pid, 'SIGKILL');

// The settlement script is a command under its name on the connection; this one is put in its place.
const commands = redis as unknown as { promptqSettle: Settle };
const define = redis.defineCommand.bind(redis);
redis.defineCommand = (name, definition) => {
  define(name, definition);
  if (name !== 'promptqSettle') return;
  const settle: Settle = commands.promptqSettle.bind(redis);
  const finishedJobs = (keyCount: unknown) => Number(keyCount) > 2;
  commands.promptqSettle = async (keyCount, ...rest) => {
    if (!finishedJobs(keyCount)) return settle(keyCount, ...rest);
    if (process.env['DIES_AT'] === 'after-settling') await settle(keyCount, ...rest);
    die();
    return new Promise(() => undefined);
  };
};

await runWorker({
  settings,
  log,
  redis,
  blocking,
  subscriber,
  workerName: `doomed-${process.pid}`,
  complete: async (request) => ({
    text: 'done',
    finishReason: 'stop',
    model: request.model,
    usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  }),
});
log.info('ready');
