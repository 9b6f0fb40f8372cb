import type { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import { openQueue, readJob } from '@promptq/shared/queues';
import { redisKeys, type RedisKeys } from '@promptq/shared/redis';
import type { Tracing } from '@promptq/shared/tracing';
import { hearCancellations } from './execution/cancellations.ts';
import { consume, type Consumer } from './execution/consume.ts';
import type { Processor } from './execution/run-job.ts';
import { keepApart } from './execution/suspects.ts';
import { watchProgress } from './health/progress.ts';
import { countTokens } from './metrics/upstream-metrics.ts';
import { workerMetrics, type WorkerMetrics } from './metrics/worker-metrics.ts';
import { analysisProcessor } from './processors/analysis.ts';
import { chatProcessor } from './processors/chat.ts';
import { partsOf } from './processors/parts.ts';
import { startSweeper } from './retention/sweeper.ts';
import type { WorkerSettings } from './settings.ts';
import { startSettlement } from './settlement/settlement.ts';
import type { Complete } from './upstream/complete.ts';

/** Settlement hears from Redis every second; silence for so long is an outage. */
const silentForMs = 20_000;

export interface ConsumersNeeds {
  settings: WorkerSettings;
  log: Logger;
  redis: Redis;
  /** A second connection, which settlement blocks while it waits for events. */
  blocking: Redis;
  /** A third one, on which cancellations are heard. */
  subscriber: Redis;
  complete: Complete;
  workerName: string;
  /** A process that shows none may leave them out. */
  metrics?: WorkerMetrics;
  /** `null`, or left out: nothing is traced. */
  tracing?: Tracing | null;
}

export interface Consumers {
  /** Whether jobs of every type of this process are being fetched, and Redis has answered lately. */
  areRunning(): boolean;
  /** What stands still although it could go on; empty while this process is of use. */
  stuck(): string[];
  /** Stops fetching, waits for active jobs or hands them back when time runs short, then settles what is finished. */
  close(endsAtMs: number): Promise<void>;
}

/** What a worker process consumes: the queues of its types, and the outbox of all. The process is in `main.ts`. */
export async function startConsumers(needs: ConsumersNeeds): Promise<Consumers> {
  const { settings, log, redis, blocking, subscriber, workerName } = needs;
  const { metrics = workerMetrics(new Registry()), tracing = null } = needs;
  const complete = countTokens(needs.complete, metrics.upstream);
  const keys = redisKeys(settings.REDIS_PREFIX);
  const settlement = await startSettlement({
    redis,
    blocking,
    settings,
    workerName,
    metrics: metrics.settlement,
    log,
  });
  const hasRedis = () => Date.now() - settlement.lastReadAtMs() < silentForMs;
  metrics.watchRedis(() => redis.status === 'ready' && hasRedis());
  const cancellations = await hearCancellations(subscriber, keys.cancel, log);
  const processors: Record<JobType, Processor> = {
    chat: chatProcessor(complete),
    analysis: analysisProcessor({
      complete,
      partsOf: (jobId) => partsOf(redis, keys.parts(jobId), settings.RESULT_TTL_SECONDS, log),
    }),
  };
  const suspects = keepApart();
  const consumers = settings.WORKER_TYPES.map((type) =>
    consume({
      type,
      process: processors[type],
      redis,
      settings,
      workerName,
      metrics: metrics.attempts,
      tracing,
      log,
      cancellations,
      suspects,
    }),
  );
  cancellations.onCancel((jobId) => consumers.forEach((consumer) => consumer.cancel(jobId)));
  cancellations.onGap(() => {
    for (const consumer of consumers) {
      cancelFlagged(consumer, redis, keys).catch((error: unknown) =>
        logFault(log, error, 'missed cancellations could not be looked up'),
      );
    }
  });
  const queues = jobTypes.map((type) => openQueue(redis, settings.REDIS_PREFIX, type));
  const stopSweeper = startSweeper({
    redis,
    turnKey: keys.sweep,
    queues,
    resultTtlSeconds: settings.RESULT_TTL_SECONDS,
    workerName,
    log,
  });
  const progress = watchProgress({ redis, consumers, queues, settlement, log });
  return {
    stuck: () => progress.stuck(),
    areRunning: () => consumers.every((consumer) => consumer.isRunning()) && hasRedis(),
    close: async (endsAtMs) => {
      progress.stop();
      await Promise.all(consumers.map((consumer) => consumer.close(endsAtMs)));
      await settlement.stop();
      cancellations.stop();
      stopSweeper();
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
}

/** Looks the flags of the jobs that run here up, after words about them may have been missed. */
async function cancelFlagged(consumer: Consumer, redis: Redis, keys: RedisKeys): Promise<void> {
  for (const jobId of consumer.activeJobIds()) {
    const record = await readJob(redis, keys, jobId);
    if (record?.data.cancel_requested_at) consumer.cancel(jobId);
  }
}
