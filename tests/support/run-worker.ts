import type { Redis } from 'ioredis';
import { run, type Runner } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { connectPatiently } from '@promptq/shared/redis';
import { readSettings } from '@promptq/shared/settings';
import { startConsumers, type ConsumersNeeds } from '@promptq/worker/consumers';
import { workerSettingsSchema, type WorkerSettings } from '@promptq/worker/settings';

interface WorkerParts {
  settings: WorkerSettings;
  /** The connection that the worker's commands are sent on. */
  redis: Redis;
  runner: Runner;
}

type Replaced = Pick<ConsumersNeeds, 'complete'> &
  Partial<Pick<ConsumersNeeds, 'budgetWindowMs' | 'metrics'>>;

/**
 * Runs a worker process that consumes as the real one does, with the parts that `replace` returns in place of the
 * real ones. Its name is `<name>-<pid>`.
 */
export async function runWorker(
  name: string,
  replace: (parts: WorkerParts) => Replaced,
): Promise<never> {
  const settings = readSettings(workerSettingsSchema, process.env);
  const workerName = `${name}-${process.pid}`;
  const log = createLogger({ service: 'worker', level: settings.LOG_LEVEL }).child({
    worker: workerName,
  });
  return run({ log, graceSeconds: settings.SHUTDOWN_GRACE_SECONDS }, async (runner) => {
    const redis = connectPatiently(settings.REDIS_URL, log);
    const [blocking, subscriber] = [redis.duplicate(), redis.duplicate()];
    // The first connection logs the same outage.
    for (const connection of [blocking, subscriber]) connection.on('error', () => undefined);
    runner.onStop('redis', () =>
      [redis, blocking, subscriber].forEach((connection) => connection.disconnect()),
    );
    const replaced = replace({ settings, redis, runner });
    const connections = { redis, blocking, subscriber };
    const consumers = await startConsumers({
      settings,
      log,
      ...connections,
      workerName,
      ...replaced,
    });
    runner.onStop('consumers', (endsAtMs) => consumers.close(endsAtMs));
    log.info('ready');
  });
}
