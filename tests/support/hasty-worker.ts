/** A worker process as it is, but the windows of its budgets are as short as BUDGET_WINDOW_MS says. */
import { Registry } from 'prom-client';
import { createLogger } from '@promptq/shared/logging';
import { connectPatiently } from '@promptq/shared/redis';
import { run } from '@promptq/shared/lifecycle';
import { readSettings } from '@promptq/shared/settings';
import { runWorker } from '@promptq/worker/run-worker';
import { workerSettingsSchema } from '@promptq/worker/settings';
import { workerMetrics } from '../../packages/worker/src/metrics/worker-metrics.ts';
import { openUpstream } from '../../packages/worker/src/upstream/client.ts';
import { completions } from '../../packages/worker/src/upstream/complete.ts';

const settings = readSettings(workerSettingsSchema, process.env);
const log = createLogger({ service: 'worker', level: settings.LOG_LEVEL });

await run({ log, graceSeconds: settings.SHUTDOWN_GRACE_SECONDS }, async (runner) => {
  const redis = connectPatiently(settings.REDIS_URL, log);
  const [blocking, subscriber] = [redis.duplicate(), redis.duplicate()];
  runner.onStop('redis', () =>
    [redis, blocking, subscriber].forEach((connection) => connection.disconnect()),
  );
  const metrics = workerMetrics(new Registry());
  const upstream = openUpstream({
    apiKey: settings.OPENAI_API_KEY,
    baseUrl: settings.OPENAI_BASE_URL,
    connections: 100,
    metrics: metrics.upstream,
    tracing: null,
  });
  runner.onStop('upstream', () => upstream.close());
  const consumers = await runWorker({
    settings,
    log,
    redis,
    blocking,
    subscriber,
    complete: completions(upstream),
    workerName: `hasty-${process.pid}`,
    budgetWindowMs: Number(process.env['BUDGET_WINDOW_MS']),
    metrics,
  });
  runner.onStop('consumers', (endsAtMs) => consumers.close(endsAtMs));
  log.info('ready');
});
