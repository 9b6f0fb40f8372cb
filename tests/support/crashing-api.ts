/**
 * An API process that the operating system kills `before-` or `after-` a step, which DIES_AT names: a script of the store
 * (`add`, `finish`, `cancel`, `create-batch`). It dies there for the DIES_ON-th time (default 1). It has the settings of
 * the real one, and no keys.
 */
import { run } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { createApp } from '#packages/api/src/app.ts';
import { listen } from '#packages/api/src/http/server.ts';
import { openApiMetrics } from '#packages/api/src/metrics/api-metrics.ts';
import { readApiSettings } from '#packages/api/src/settings.ts';
import { boundaryOf, dieAtBoundary } from './die-at.ts';
import { openRawStore } from './raw-store.ts';

const settings = readApiSettings();
const log = createLogger({ service: 'api', level: settings.LOG_LEVEL });

await run({ log, graceSeconds: settings.SHUTDOWN_GRACE_SECONDS }, async (runner) => {
  const store = openRawStore(
    {
      role: 'api',
      url: settings.REDIS_URL,
      prefix: settings.REDIS_PREFIX,
      log,
      resultTtlSeconds: settings.RESULT_TTL_SECONDS,
    },
    {
      maxWaiting: settings.MAX_WAITING_JOBS,
      maxOpenPerTenant: settings.MAX_WAITING_JOBS_PER_TENANT,
      tenantWeights: null,
    },
  );
  runner.onStop('store', () => store.close());
  dieAtBoundary(store.context.redis, boundaryOf(process.env));
  const app = createApp({
    settings,
    log,
    store,
    keyring: null,
    metrics: openApiMetrics(),
    tracing: null,
    board: null,
    isStarted: () => true,
    stopping: runner.stopping,
  });
  await store.start(runner.stopping);
  const { port, close } = await listen(app, { host: settings.HOST, port: settings.PORT });
  runner.onStop('server', close);
  log.info({ port }, 'ready');
});
