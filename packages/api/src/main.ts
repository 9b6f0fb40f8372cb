import { run } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { openTracing } from '@promptq/shared/tracing';
import { openStore } from '@promptq/store';
import { boardPath, createApp } from './app.ts';
import { openKeyring } from './auth/open-keyring.ts';
import { listen } from './http/server.ts';
import { openApiMetrics } from './metrics/api-metrics.ts';
import { watchQueues } from './metrics/queue-metrics.ts';
import { readApiSettings } from './settings.ts';

const settings = readApiSettings();
const log = createLogger({ service: 'api', level: settings.LOG_LEVEL });

await run({ log, graceSeconds: settings.SHUTDOWN_GRACE_SECONDS }, async (runner) => {
  const tracing = await openTracing({
    endpoint: settings.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    ratio: settings.OTEL_TRACES_SAMPLER_ARG,
    service: 'promptq-api',
    log,
  });
  if (tracing) runner.onStop('traces', () => tracing.close());
  const keyring = openKeyring(settings, log);
  if (keyring) runner.onStop('keys', () => keyring.close());
  const metrics = openApiMetrics();
  const store = openStore({
    url: settings.REDIS_URL,
    prefix: settings.REDIS_PREFIX,
    role: 'api',
    log,
    resultTtlSeconds: settings.RESULT_TTL_SECONDS,
    limits: {
      maxWaiting: settings.MAX_WAITING_JOBS,
      maxOpenPerTenant: settings.MAX_WAITING_JOBS_PER_TENANT,
      // Without keys there is only one tenant.
      tenantWeights: keyring ? settings.TENANT_WEIGHTS : null,
    },
    telemetry: tracing?.bullmq,
    onFinished: ({ type, status }) => metrics.jobs.finished(type, status),
  });
  runner.onStop('store', () => store.close());
  watchQueues({ registry: metrics.registry, store, log });

  const board = settings.QUEUE_BOARD
    ? (await import('./board/open-board.ts')).openBoard({ store, keyring, path: boardPath })
    : null;

  // The process listens before Redis is reachable. Until then it is alive and answers 503.
  let isStarted = false;
  const app = createApp({
    settings,
    log,
    store,
    keyring,
    metrics,
    tracing,
    board,
    isStarted: () => isStarted,
    stopping: runner.stopping,
  });
  const { port, close } = await listen(app, { host: settings.HOST, port: settings.PORT });
  runner.onStop('server', close);
  log.info({ host: settings.HOST, port }, 'listening');

  if (settings.API_OPEN && !keyring) {
    log.warn(
      { host: settings.HOST },
      'API_OPEN: THIS API HAS NO AUTHENTICATION. Anyone who can reach it can submit jobs and read results.',
    );
  }
  await store.start(runner.stopping);
  isStarted = true;
  log.info({ host: settings.HOST, port }, 'ready');
});
