import { run, type Runner } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { readSettings } from '@promptq/shared/settings';
import { runWorker as startJobs, type RunWorkerDeps } from '@promptq/worker/run-worker';
import { workerSettingsSchema, type WorkerSettings } from '@promptq/worker/settings';
import { openRawStore, type RawStore } from './raw-store.ts';

interface WorkerParts {
  settings: WorkerSettings;
  /** The store of the process. `context.redis` is the connection that its commands are sent on. */
  store: RawStore;
  runner: Runner;
}

type Replaced = Pick<RunWorkerDeps, 'complete'> &
  Partial<Pick<RunWorkerDeps, 'budgetWindowMs' | 'metrics'>>;

/**
 * Runs a worker process that works as the real one does, with the parts that `replace` returns in place of the
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
    const store = openRawStore({
      url: settings.REDIS_URL,
      prefix: settings.REDIS_PREFIX,
      log,
      resultTtlSeconds: settings.RESULT_TTL_SECONDS,
      auditTtlSeconds: settings.AUDIT_TTL_SECONDS,
    });
    runner.onStop('store', () => store.close());
    const replaced = replace({ settings, store, runner });
    await store.start(runner.stopping);
    const worker = await startJobs({ settings, log, store, workerName, ...replaced });
    runner.onStop('worker', (endsAtMs) => worker.close(endsAtMs));
    log.info('ready');
  });
}
