import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import type { Logger } from '@promptq/shared/logging';
import { redisKeys } from '@promptq/shared/redis';
import { consume } from './execution/consume.ts';
import type { Processor } from './execution/run-job.ts';
import { analysisProcessor } from './processors/analysis.ts';
import { chatProcessor } from './processors/chat.ts';
import { partsOf } from './processors/parts.ts';
import type { WorkerSettings } from './settings.ts';
import { startSettlement } from './settlement/settlement.ts';
import type { Complete } from './upstream/complete.ts';

export interface ConsumersNeeds {
  settings: WorkerSettings;
  log: Logger;
  redis: Redis;
  /** A second connection, which settlement blocks while it waits for events. */
  blocking: Redis;
  complete: Complete;
  workerName: string;
}

export interface Consumers {
  /** Whether jobs of every type of this process are being fetched. */
  areRunning(): boolean;
  /** Stops fetching, waits for active jobs or hands them back when time runs short, then settles what is finished. */
  close(endsAtMs: number): Promise<void>;
}

/** What a worker process consumes: the queues of its types, and the outbox of all. The process is in `main.ts`. */
export async function startConsumers(needs: ConsumersNeeds): Promise<Consumers> {
  const { settings, log, redis, blocking, complete, workerName } = needs;
  const keys = redisKeys(settings.REDIS_PREFIX);
  const settlement = await startSettlement({ redis, blocking, settings, workerName, log });
  const processors: Record<JobType, Processor> = {
    chat: chatProcessor(complete),
    analysis: analysisProcessor({
      complete,
      partsOf: (jobId) => partsOf(redis, keys.parts(jobId), settings.RESULT_TTL_SECONDS),
    }),
  };
  const consumers = settings.WORKER_TYPES.map((type) =>
    consume({ type, process: processors[type], redis, settings, workerName, log }),
  );
  return {
    areRunning: () => consumers.every((consumer) => consumer.isRunning()),
    close: async (endsAtMs) => {
      await Promise.all(consumers.map((consumer) => consumer.close(endsAtMs)));
      await settlement.stop();
    },
  };
}
