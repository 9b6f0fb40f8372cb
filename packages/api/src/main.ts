import { jobTypes } from '@promptq/shared/contracts';
import { run } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { keepEvents, openQueue } from '@promptq/shared/queues';
import { checkServer, connectFailingFast, redisKeys, untilReady } from '@promptq/shared/redis';
import { openDeliveries } from '@promptq/shared/webhooks';
import { openTracing } from '@promptq/shared/tracing';
import { boardPath, createApp } from './app.ts';
import { openKeyring } from './auth/open-keyring.ts';
import { listen } from './http/server.ts';
import { openJobSubscriptions } from './live/open-live.ts';
import { watchStates } from './live/watch-states.ts';
import { openApiMetrics } from './metrics/api-metrics.ts';
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
  const redis = connectFailingFast(settings.REDIS_URL, log);
  runner.onStop('redis', () => redis.disconnect());
  const queues = {
    chat: openQueue(redis, settings.REDIS_PREFIX, 'chat', tracing?.bullmq),
    analysis: openQueue(redis, settings.REDIS_PREFIX, 'analysis', tracing?.bullmq),
  };
  const deliveries = openDeliveries(redis, settings.REDIS_PREFIX);
  const opened = [queues.chat, queues.analysis, deliveries];
  runner.onStop('queues', () => Promise.all(opened.map((queue) => queue.close())));

  const subscriber = redis.duplicate({ autoResubscribe: false });
  subscriber.on('error', () => undefined); // The first connection logs the same outage.
  runner.onStop('subscriber', () => subscriber.disconnect());
  const keys = redisKeys(settings.REDIS_PREFIX);
  const subscriptions = openJobSubscriptions({ subscriber, keys, log, stopping: runner.stopping });
  runner.onStop('live', () => subscriptions.close());
  const states = watchStates(redis, keys, log);
  runner.onStop('states', () => states.close());

  const board = settings.QUEUE_BOARD
    ? (await import('./board/open-board.ts')).openBoard({ redis, keys, keyring, path: boardPath })
    : null;

  // The API listens before Redis is reachable and answers 503 until then.
  let isStarted = false;
  const app = createApp({
    settings,
    log,
    redis,
    keyring,
    queues,
    deliveries,
    subscriptions,
    states,
    metrics: openApiMetrics({ redis, keys: redisKeys(settings.REDIS_PREFIX), log }),
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
      'API_OPEN: THIS API HAS NO AUTHENTICATION: anyone who can reach it can submit jobs and read results.',
    );
  }
  await untilReady(redis, runner.stopping);
  await untilReady(subscriber, runner.stopping);
  await checkServer(redis, log);
  for (const type of jobTypes) await keepEvents(redis, settings.REDIS_PREFIX, type);
  isStarted = true;
  log.info({ host: settings.HOST, port }, 'ready');
});
