import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import type { Logger } from '@promptq/shared/logging';
import { redisKeys } from '@promptq/shared/redis';
import { consume, type Consumer } from './execution/consume.ts';
import type { Processor } from './execution/run-job.ts';
import { analysisProcessor } from './processors/analysis.ts';
import { chatProcessor } from './processors/chat.ts';
import { partsOf } from './processors/parts.ts';
import type { WorkerSettings } from './settings.ts';
import type { Complete } from './upstream/complete.ts';

interface Needs {
  settings: WorkerSettings;
  log: Logger;
  redis: Redis;
  complete: Complete;
  workerName: string;
}

/** What this process consumes: a consumer for each of its types. It opens nothing else; the process is in `main.ts`. */
export function startConsumers({ settings, log, redis, complete, workerName }: Needs): Consumer[] {
  const keys = redisKeys(settings.REDIS_PREFIX);
  const processors: Record<JobType, Processor> = {
    chat: chatProcessor(complete),
    analysis: analysisProcessor({
      complete,
      partsOf: (jobId) => partsOf(redis, keys.parts(jobId), settings.RESULT_TTL_SECONDS),
    }),
  };
  return settings.WORKER_TYPES.map((type) =>
    consume({ type, process: processors[type], redis, settings, workerName, log }),
  );
}
