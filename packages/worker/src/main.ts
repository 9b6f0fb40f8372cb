import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { maxConcurrentCalls, type JobType } from '@promptq/shared/contracts';
import { run } from '@promptq/shared/lifecycle';
import { createLogger } from '@promptq/shared/logging';
import { openRegistry, startEventLoopMonitor } from '@promptq/shared/metrics';
import { openTracing } from '@promptq/shared/tracing';
import { openStore } from '@promptq/store';
import { runWorker, type RunningWorker } from './run-worker.ts';
import { serveHealth } from './health/health-server.ts';
import { workerMetrics } from './metrics/worker-metrics.ts';
import { jobTypesOf, readWorkerSettings, type WorkerSettings } from './settings.ts';
import { openUpstream } from './upstream/client.ts';
import { completions } from './upstream/complete.ts';

/** How many calls a job may have in flight: an analysis job up to `max_concurrent`, a chat job one. */
const callsOfOneJob: Record<JobType, number> = { chat: 1, analysis: maxConcurrentCalls };

/**
 * The most calls that the jobs of this process can have in flight. With this many connections, no call waits for
 * another.
 */
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

  const store = openStore({
    url: settings.REDIS_URL,
    prefix: settings.REDIS_PREFIX,
    role: 'worker',
    log,
    resultTtlSeconds: settings.RESULT_TTL_SECONDS,
    auditTtlSeconds: settings.AUDIT_TTL_SECONDS,
    telemetry: tracing?.bullmq,
    onFinished: ({ type, status, endedBatch }) => {
      metrics.finished.finished(type, status);
      if (endedBatch !== null) log.info({ batch_id: endedBatch }, 'batch ended');
    },
  });
  runner.onStop('store', () => store.close());
  await store.start(runner.stopping);

  // The health server is opened before the worker and closed after it, so that it answers while jobs are being
  // finished.
  let worker: RunningWorker | null = null;
  if (settings.HEALTH_PORT > 0) {
    const closeHealth = await serveHealth({
      host: settings.HEALTH_HOST,
      port: settings.HEALTH_PORT,
      isReady: () => !runner.stopping.aborted && !!worker?.isRunning(),
      stuck: () => worker?.stuck() ?? [],
      registry,
      log,
    });
    runner.onStop('health', closeHealth);
  }

  const started = await runWorker({
    settings,
    log,
    store,
    complete: completions(upstream),
    workerName,
    eventLoop,
    metrics,
    tracing,
  });
  worker = started;
  runner.onStop('worker', (endsAtMs) => started.close(endsAtMs));
  log.info({ types: settings.WORKER_TYPES, concurrency: settings.WORKER_CONCURRENCY }, 'ready');
});
