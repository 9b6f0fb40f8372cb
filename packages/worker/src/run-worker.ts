import type { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { appendTokens } from '@promptq/shared/live';
import { logFault, type Logger } from '@promptq/shared/logging';
import { openQueue, readJob } from '@promptq/shared/queues';
import { redisKeys, type RedisKeys } from '@promptq/shared/redis';
import type { EventLoopMonitor } from '@promptq/shared/metrics';
import type { Tracing } from '@promptq/shared/tracing';
import {
  openDeliveries,
  signingSecrets,
  targetGuard,
  webhooksQueue,
} from '@promptq/shared/webhooks';
import { startDispatcher } from './dispatch/dispatcher.ts';
import { upstreamBudgets } from './budgets/upstream-budgets.ts';
import { withinBudget } from './backpressure/within-budget.ts';
import { subscribeToCancellations } from './execution/cancellations.ts';
import { consumeQueue, type Consumer } from './bullmq-worker/consume-queue.ts';
import type { Processor } from './attempts/run-attempt.ts';
import { openQuarantine } from './attempts/quarantine.ts';
import { startWatchdog } from './health/watchdog.ts';
import { countTokens } from './upstream/measure.ts';
import { workerMetrics, type WorkerMetrics } from './metrics/worker-metrics.ts';
import { analysisProcessor } from './processors/analysis.ts';
import { chatProcessor } from './processors/chat.ts';
import { openCheckpoints } from './processors/parts.ts';
import { outputWriter } from './processors/output-writer.ts';
import { startSweeper } from './retention/sweeper.ts';
import { jobTypesOf, type WorkerSettings } from './settings.ts';
import { startSettlement } from './settlement/settlement.ts';
import type { Complete } from './upstream/complete.ts';
import { blockedAudit } from './webhooks/audit-blocked.ts';
import { consumeDeliveries, type DeliveryConsumer } from './bullmq-worker/consume-deliveries.ts';

/** Settlement gets a reply from Redis every second. Silence for this long is an outage. */
const redisSilenceMs = 20_000;

/** How long streamed output is kept beyond an attempt's timeout, because a client may reconnect for it. */
const extraTokenTtlSeconds = 600;

export interface RunWorkerDeps {
  settings: WorkerSettings;
  log: Logger;
  redis: Redis;
  /** A second connection. Settlement blocks it while it waits for events. */
  blocking: Redis;
  /** A third connection, subscribed to cancellations. */
  subscriber: Redis;
  complete: Complete;
  workerName: string;
  /** The window of the upstream budgets. The default is a minute; tests use less. */
  budgetWindowMs?: number;
  /** Warns of a blocked event loop, if there is a monitor. */
  eventLoop?: EventLoopMonitor;
  /** A process that exposes no metrics may leave them out. */
  metrics?: WorkerMetrics;
  /** `null` or absent if tracing is off. */
  tracing?: Tracing | null;
}

export interface RunningWorker {
  /** Whether all consumers fetch jobs and Redis has answered recently. */
  areRunning(): boolean;
  /** The consumers without progress although there is work; empty if all is well. */
  stuck(): string[];
  /** Stops fetching, waits for active jobs or hands them back if time runs short, then settles the finished ones. */
  close(endsAtMs: number): Promise<void>;
}

/** Runs the worker: the consumers of its types, the dispatcher, the sweeper and settlement. The process is in `main.ts`. */
export async function runWorker(deps: RunWorkerDeps): Promise<RunningWorker> {
  const { settings, log, redis, blocking, subscriber, workerName } = deps;
  const { metrics = workerMetrics(new Registry()), tracing = null } = deps;
  const keys = redisKeys(settings.REDIS_PREFIX);
  const budgets = upstreamBudgets({ redis, keys, settings, log, windowMs: deps.budgetWindowMs });
  const complete = countTokens(withinBudget(deps.complete, budgets), metrics.upstream);
  const settlement = await startSettlement({
    redis,
    blocking,
    settings,
    workerName,
    metrics: metrics.settlement,
    log,
  });
  const hasRedis = () => Date.now() - settlement.lastReadAtMs() < redisSilenceMs;
  metrics.watchRedis(() => redis.status === 'ready' && hasRedis());
  const cancellations = await subscribeToCancellations(subscriber, keys.cancel, log);
  const processors: Record<JobType, Processor> = {
    chat: chatProcessor({
      complete,
      publish: ({ id, attemptsStarted, timeoutSeconds }) =>
        outputWriter({
          append: (from, text) =>
            appendTokens(
              redis,
              keys,
              id,
              { at: { attempt: attemptsStarted, characters: from }, text },
              timeoutSeconds + extraTokenTtlSeconds,
            ),
          jobId: id,
          log,
        }),
    }),
    analysis: analysisProcessor({
      complete,
      openCheckpoints: (jobId) =>
        openCheckpoints(redis, keys.parts(jobId), settings.RESULT_TTL_SECONDS, log),
    }),
  };
  const quarantine = openQuarantine();
  const consumers = jobTypesOf(settings.WORKER_TYPES).map((type) =>
    consumeQueue({
      type,
      process: processors[type],
      redis,
      settings,
      workerName,
      metrics: metrics.attempts,
      tracing,
      log,
      cancellations,
      quarantine,
    }),
  );
  cancellations.onCancel((jobId) => consumers.forEach((consumer) => consumer.cancel(jobId)));
  cancellations.onGap(() => {
    for (const consumer of consumers) {
      cancelFlagged(consumer, redis, keys).catch((error: unknown) =>
        logFault(log, error, 'could not check for missed cancellations'),
      );
    }
  });
  const queueOf = {
    chat: openQueue(redis, settings.REDIS_PREFIX, 'chat'),
    analysis: openQueue(redis, settings.REDIS_PREFIX, 'analysis'),
  };
  const queues = jobTypes.map((type) => queueOf[type]);
  await Promise.all(queues.map((queue) => queue.waitUntilReady()));
  const deliveries = openDeliveries(redis, settings.REDIS_PREFIX);
  const dispatcher = startDispatcher({ redis, keys, queues: queueOf, deliveries, workerName, log });
  const senders = startSenders(deps, keys, metrics, tracing);
  const { RESULT_TTL_SECONDS, DELIVERY_TTL_SECONDS } = settings;
  const keepSeconds = { completed: RESULT_TTL_SECONDS, failed: RESULT_TTL_SECONDS };
  const stopSweeper = startSweeper({
    redis,
    keys,
    queues: [
      ...queues.map((queue) => ({ queue, keepSeconds: keepSeconds })),
      {
        queue: deliveries,
        keepSeconds: { completed: RESULT_TTL_SECONDS, failed: DELIVERY_TTL_SECONDS },
      },
    ],
    resultTtlSeconds: RESULT_TTL_SECONDS,
    workerName,
    log,
  });
  const watchdog = startWatchdog({
    redis,
    consumers: [...consumers, ...senders],
    queues: [...queues, deliveries],
    settlement,
    eventLoop: deps.eventLoop,
    log,
  });
  return {
    stuck: () => watchdog.stuck(),
    areRunning: () =>
      [...consumers, ...senders].every((consumer) => consumer.isRunning()) && hasRedis(),
    close: async (endsAtMs) => {
      watchdog.stop();
      // Concurrently, so that fetching stops at once, however long a round of the dispatcher takes.
      const closing = [...consumers, ...senders].map((consumer) => consumer.close(endsAtMs));
      await Promise.all([...closing, dispatcher.stop()]);
      await settlement.stop();
      cancellations.stop();
      stopSweeper();
      await Promise.all([...queues, deliveries].map((queue) => queue.close()));
    },
  };
}

/** Starts sending webhooks, unless this process has no secret. Then they wait for a process that has one. */
function startSenders(
  { settings, redis, workerName, log }: RunWorkerDeps,
  keys: RedisKeys,
  { deliveries: { tried } }: WorkerMetrics,
  tracing: Tracing | null,
): DeliveryConsumer[] {
  if (!settings.WORKER_TYPES.includes(webhooksQueue)) return [];
  if (!settings.WEBHOOK_SECRET && settings.WEBHOOK_SECRETS_OF_TENANTS.size === 0) {
    log.info('this worker sends no webhooks: WEBHOOK_SECRET is not set');
    return [];
  }
  return [
    consumeDeliveries({
      redis,
      settings,
      log,
      secrets: signingSecrets(settings),
      guard: targetGuard(settings.WEBHOOK_ALLOWED_HOSTS),
      auditBlocked: blockedAudit(redis, keys, workerName),
      tried,
      tracing,
      workerName,
    }),
  ];
}

/** Checks the running jobs for cancellations that may have been missed. */
async function cancelFlagged(consumer: Consumer, redis: Redis, keys: RedisKeys): Promise<void> {
  for (const jobId of consumer.activeJobIds()) {
    const record = await readJob(redis, keys, jobId);
    if (record?.data.cancel_requested_at) consumer.cancel(jobId);
  }
}
