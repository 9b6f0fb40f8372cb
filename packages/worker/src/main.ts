import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { maxConcurrentCalls, type JobType } from '@promptq/shared/contracts';
import { run } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { openRegistry, startEventLoopMonitor } from '@promptq/shared/metrics';
import { checkServer, connectPatiently, untilReady } from '@promptq/shared/redis';
import { openTracing } from '@promptq/shared/tracing';
import { runWorker, type RunningWorker } from './run-worker.ts';
import { serveHealth } from './health/health-server.ts';
import { workerMetrics } from './metrics/worker-metrics.ts';
import { jobTypesOf, readWorkerSettings, type WorkerSettings } from './settings.ts';
import { openUpstream } from './upstream/client.ts';
import { completions } from './upstream/complete.ts';

/** The maximum number of concurrent calls of one job: `max_concurrent` for analysis, one for chat. */
const callsOfOneJob: Record<JobType, number> = { chat: 1, analysis: maxConcurrentCalls };

/** The maximum number of concurrent calls in this process, so that no job waits for another job's connection. */
function maxCalls({ WORKER_TYPES, WORKER_CONCURRENCY }: WorkerSettings): number {
  const callsOfTypes = jobTypesOf(WORKER_TYPES).map(
    (type) => callsOfOneJob[type] * WORKER_CONCURRENCY,
  );
  return callsOfTypes.reduce((sum, calls) => sum + calls, 0);
}

const settings = readWorkerSettings();
const workerName = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
const log = createLogger({ service: 'worker', level: settings.LOG_LEVEL }).child({
  worker: workerName,
});

await run({ log, graceSeconds: settings.SHUTDOWN_GRACE_SECONDS }, async (runner) => {
  const tracing = await openTracing({
    endpoint: settings.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    ratio: settings.OTEL_TRACES_SAMPLER_ARG,
    service: 'promptq-worker',
    log,
  });
  if (tracing) runner.onStop('traces', () => tracing.close());
  const redis = connectPatiently(settings.REDIS_URL, log);
  runner.onStop('redis', () => redis.disconnect());
  await untilReady(redis, runner.stopping);
  await checkServer(redis, log);

  const eventLoop = startEventLoopMonitor();
  const registry = openRegistry(eventLoop);
  const metrics = workerMetrics(registry);
  const upstream = openUpstream({
    apiKey: settings.OPENAI_API_KEY,
    baseUrl: settings.OPENAI_BASE_URL,
    connections: maxCalls(settings),
    metrics: metrics.upstream,
    tracing,
  });
  runner.onStop('upstream', () => upstream.close());

  const blocking = redis.duplicate();
  const subscriber = redis.duplicate();
  for (const connection of [blocking, subscriber]) {
    connection.on('error', () => undefined); // The first connection logs the same outage.
    runner.onStop('second connections', () => connection.disconnect());
  }

  // Opened before the worker and closed after it, so that it answers while jobs finish.
  let consumers: RunningWorker | null = null;
  if (settings.HEALTH_PORT > 0) {
    const closeHealth = await serveHealth({
      host: settings.HEALTH_HOST,
      port: settings.HEALTH_PORT,
      isReady: () =>
        !runner.stopping.aborted && redis.status === 'ready' && !!consumers?.areRunning(),
      stuck: () => consumers?.stuck() ?? [],
      registry,
      log,
    });
    runner.onStop('health', closeHealth);
  }

  const started = await runWorker({
    settings,
    log,
    redis,
    blocking,
    subscriber,
    complete: completions(upstream),
    workerName,
    eventLoop,
    metrics,
    tracing,
  });
  consumers = started;
  runner.onStop('consumers', (endsAtMs) => started.close(endsAtMs));
  log.info({ types: settings.WORKER_TYPES, concurrency: settings.WORKER_CONCURRENCY }, 'ready');
});
