import { setTimeout as delay } from 'node:timers/promises';
import { ReplyError, type Redis } from 'ioredis';
import { jobTypes, type JobType } from '@promptq/shared/contracts';
import { logFault, type Logger } from '@promptq/shared/logging';
import { redisKeys } from '@promptq/shared/redis';
import { openDeliveries } from '@promptq/shared/webhooks';
import type { SettlementMetrics } from '../metrics/settlement-metrics.ts';
import type { WorkerSettings } from '../settings.ts';
import { openOutbox, type Batch } from './outbox.ts';
import { nextCount } from './batch-size.ts';
import { settleBatch } from './settle-batch.ts';

/** How long a read waits for new entries; also how long stopping may take when all is quiet. */
const blockMs = 1_000;
const housekeepingIntervalMs = 5_000;
const afterErrorMs = 500;

interface Deps {
  redis: Redis;
  /** A connection of its own, because reading blocks it. */
  blocking: Redis;
  settings: Pick<WorkerSettings, 'REDIS_PREFIX' | 'AUDIT_TTL_SECONDS' | 'RESULT_TTL_SECONDS'>;
  workerName: string;
  metrics: SettlementMetrics;
  log: Logger;
}

export interface Settlement {
  /** Settles what is finished and resolves; jobs that finish later are settled by another process. */
  stop(): Promise<void>;
  /** When Redis last answered a read of the outbox, at most a second apart while all is well. */
  lastReadAtMs(): number;
  /** How many reads were answered in all. */
  reads(): number;
  /** When Redis last answered with an error: full, read-only, ... */
  redisErrorAtMs(): number;
}

/**
 * Settles the finished jobs of all queues, whichever types this process runs, for as long as it lives.
 * The outbox is BullMQ's own event stream, written in the same step that finishes a job, so nothing is
 * lost between "finished" and "reported", and whichever process is alive settles.
 */
export async function startSettlement(deps: Deps): Promise<Settlement> {
  const { redis, blocking, settings, workerName, metrics, log } = deps;
  const keys = redisKeys(settings.REDIS_PREFIX);
  const outbox = openOutbox({
    redis,
    blocking,
    prefix: settings.REDIS_PREFIX,
    keys,
    consumer: workerName,
    auditTtlSeconds: settings.AUDIT_TTL_SECONDS,
    resultTtlSeconds: settings.RESULT_TTL_SECONDS,
  });
  const deliveries = openDeliveries(redis, settings.REDIS_PREFIX);
  await outbox.prepare();

  let stopping = false;
  let count = nextCount(0, []);
  let housekeepingAtMs = 0;
  let readAtMs = Date.now();
  let reads = 0;
  let redisErrorAtMs = 0;

  /** Of each type, entries that end no job and are not acknowledged yet. */
  const passedOver = Object.fromEntries(
    jobTypes.map((type) => [type, new Set<string>()]),
  ) as Record<JobType, Set<string>>;
  const settleAll = async (batches: Batch[]) => {
    for (const batch of batches) {
      const needed = { redis, keys, outbox, deliveries, metrics, log };
      await settleBatch(batch, passedOver[batch.type], needed);
    }
  };
  let restAtMs = 0;
  const acknowledgeRest = async () => {
    restAtMs = Date.now();
    for (const type of jobTypes) {
      const ids = [...passedOver[type]];
      if (ids.length > 0) await outbox.settle(type, [], ids);
      for (const id of ids) passedOver[type].delete(id);
    }
  };
  const keepHouse = async () => {
    if (Date.now() < housekeepingAtMs) return;
    for (;;) {
      const batches = await outbox.takeOver(count);
      if (batches.length === 0) break;
      count = nextCount(count, batches);
      log.info(
        { entries: batches.flatMap(({ entries }) => entries).length },
        'took over unsettled events',
      );
      await settleAll(batches);
    }
    await outbox.forgetDeadConsumers();
    await outbox.trimAudit();
    housekeepingAtMs = Date.now() + housekeepingIntervalMs;
  };
  const loop = async () => {
    for (;;) {
      const last = stopping;
      try {
        await keepHouse();
        const read = count;
        const batches = await outbox.read(read, last ? 0 : blockMs);
        readAtMs = Date.now();
        reads += 1;
        count = nextCount(count, batches);
        await settleAll(batches);
        const isDue = Date.now() - restAtMs > blockMs;
        if (last || isDue) await acknowledgeRest();
        // What finished here was written before the stop; what others finish meanwhile is theirs to settle.
        if (last && batches.flatMap(({ entries }) => entries).length < read) return;
      } catch (error) {
        if (error instanceof ReplyError) redisErrorAtMs = Date.now();
        logFault(log, error, 'settlement failed; retrying');
        if (stopping) return;
        await delay(afterErrorMs);
        await prepareAgain();
      }
    }
  };
  // A Redis that lost its data lost the groups as well.
  const prepareAgain = () =>
    outbox
      .prepare()
      .catch((error: unknown) => logFault(log, error, 'the outbox could not be prepared'));

  const ended = loop();
  return {
    stop: async () => {
      stopping = true;
      // Without Redis nothing can be settled; what is finished is settled by whoever finds it next.
      if (redis.status === 'ready') await ended;
      await deliveries.close();
    },
    lastReadAtMs: () => readAtMs,
    reads: () => reads,
    redisErrorAtMs: () => redisErrorAtMs,
  };
}
