import { Registry } from 'prom-client';
import type { JobType } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import type { EventLoopMonitor } from '@promptq/shared/metrics';
import type { Tracing } from '@promptq/shared/tracing';
import { signingSecrets, targetGuard, webhooksQueue } from '@promptq/shared/webhooks';
import type { Store } from '@promptq/store';
import { openQuarantine } from './attempts/quarantine.ts';
import type { Processor } from './attempts/run-attempt.ts';
import { upstreamBudgets } from './backpressure/upstream-budgets.ts';
import { withinBudget } from './backpressure/within-budget.ts';
import { consumeDeliveries, type DeliveryConsumer } from './bullmq-worker/consume-deliveries.ts';
import { consumeQueue, type Consumer } from './bullmq-worker/consume-queue.ts';
import { startDispatcher } from './dispatch/dispatcher.ts';
import { startHeartbeat } from './health/heartbeat.ts';
import { startWatchdog } from './health/watchdog.ts';
import { workerMetrics, type WorkerMetrics } from './metrics/worker-metrics.ts';
import { analysisProcessor } from './processors/analysis.ts';
import { chatProcessor } from './processors/chat.ts';
import { openCheckpoints } from './processors/checkpoints.ts';
import { outputWriter } from './processors/output-writer.ts';
import { startSweeper } from './retention/sweeper.ts';
import { jobTypesOf, type WorkerSettings } from './settings.ts';
import type { Complete } from './upstream/complete.ts';
import { countTokens } from './upstream/measure.ts';
import { blockedEvent } from './webhooks/blocked-event.ts';

/** How long output is kept beyond the timeout of an attempt, so that a client can reconnect. */
const extraOutputTtlSeconds = 600;

export interface RunWorkerDeps {
  settings: WorkerSettings;
  log: Logger;
  store: Store;
  complete: Complete;
  workerName: string;
  /** The length of a window of the upstream budgets. The default is a minute; tests use less. */
  budgetWindowMs?: number;
  /** Not needed in a process that serves no metrics. */
  metrics?: WorkerMetrics;
  /** `null` or absent if tracing is off. */
  tracing?: Tracing | null;
  eventLoop?: EventLoopMonitor;
}

export interface RunningWorker {
  /** Whether this process fetches from all of its queues and Redis has answered recently. */
  isRunning(): boolean;
  /** The names of the consumers that make no progress although there is work. */
  stuck(): string[];
  /** Stops fetching, then waits for active jobs. Jobs that do not finish in time return to the queue. */
  close(endsAtMs: number): Promise<void>;
}

/** Consumes the queues of this process's types. `main.ts` starts and ends the process. */
export async function runWorker(deps: RunWorkerDeps): Promise<RunningWorker> {
  const { settings, log, store, workerName, eventLoop } = deps;
  const { metrics = workerMetrics(new Registry()), tracing = null } = deps;
  const budgets = upstreamBudgets({ store, settings, log, windowMs: deps.budgetWindowMs });
  const complete = countTokens(withinBudget(deps.complete, budgets), metrics.upstream);
  const heartbeat = startHeartbeat(store, log);
  metrics.watchRedis(heartbeat.isAlive);
  const cancellations = await store.subscriptions.cancellations();
  const processors: Record<JobType, Processor> = {
    chat: chatProcessor({
      complete,
      publish: ({ id, attemptsStarted: attempt, timeoutSeconds }) =>
        outputWriter({
          append: (characters, text) =>
            store.output.append(
              id,
              { at: { attempt, characters }, text },
              timeoutSeconds + extraOutputTtlSeconds,
            ),
          jobId: id,
          log,
        }),
    }),
    analysis: analysisProcessor({
      complete,
      openCheckpoints: (jobId) => openCheckpoints(store, jobId),
    }),
  };
  const quarantine = openQuarantine();
  const consumers = jobTypesOf(settings.WORKER_TYPES).map((type) =>
    consumeQueue({
      type,
      process: processors[type],
      store,
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
      cancelFlagged(consumer, store).catch((error: unknown) =>
        logFault(log, error, 'could not look up missed cancellations'),
      );
    }
  });
  const dispatcher = startDispatcher({ store, workerName, log });
  const senders = startSenders(deps, metrics, tracing);
  const stopSweeper = startSweeper({
    store,
    deadDeliverySeconds: settings.DELIVERY_TTL_SECONDS,
    workerName,
    log,
  });
  const all = [...consumers, ...senders];
  const watchdog = startWatchdog({ store, consumers: all, eventLoop, log });
  return {
    stuck: () => watchdog.stuck(),
    isRunning: () => all.every((consumer) => consumer.isRunning()) && heartbeat.isAlive(),
    close: async (endsAtMs) => {
      watchdog.stop();
      // All close at the same time, so that no job is fetched while a round of the dispatcher ends.
      const closing = all.map((consumer) => consumer.close(endsAtMs));
      await Promise.all([...closing, dispatcher.stop()]);
      stopSweeper();
      heartbeat.stop();
    },
  };
}

/** The senders of webhooks. Without a secret there are no senders, and webhooks wait for a process that has one. */
function startSenders(
  { settings, store, workerName, log }: RunWorkerDeps,
  { deliveries: { tried } }: WorkerMetrics,
  tracing: Tracing | null,
): DeliveryConsumer[] {
  if (!settings.WORKER_TYPES.includes(webhooksQueue)) return [];
  if (!settings.WEBHOOK_SECRET && settings.WEBHOOK_SECRETS_OF_TENANTS.size === 0) {
    log.info('this process sends no webhooks, because WEBHOOK_SECRET is not set');
    return [];
  }
  return [
    consumeDeliveries({
      store,
      settings,
      log,
      secrets: signingSecrets(settings),
      guard: targetGuard(settings.WEBHOOK_ALLOWED_HOSTS),
      auditBlocked: (delivery) => store.audit.appendOnce(blockedEvent(delivery, workerName)),
      tried,
      tracing,
      workerName,
    }),
  ];
}

/** Aborts running jobs that are flagged as cancelled. Called when messages may have been missed. */
async function cancelFlagged(consumer: Consumer, store: Pick<Store, 'jobs'>): Promise<void> {
  for (const jobId of consumer.activeJobIds()) {
    const record = await store.jobs.find(jobId, null);
    if (record?.data.cancel_requested_at) consumer.cancel(jobId);
  }
}
