import { randomBytes } from 'node:crypto';
import { Worker, type Processor } from 'bullmq';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import type { JobType } from '@promptq/shared/contracts';
import { createLogger } from '@promptq/shared/logging';
import type { FinishedJob } from '../context.ts';
import { openContext, type StoreOptions } from '../open-context.ts';
import { composeStore } from '../open-store.ts';
import type { AddLimits } from '../jobs/add.ts';
import { queueNameOf } from '../queues/registry.ts';
import { withDefaults, type JobData, type JobResult, type JobSpec } from '@promptq/shared/jobs';

/** A store with its own key prefix on the Redis of the tests, and a second connection to inspect what it wrote. */
export async function openObservedStore({
  limits = { maxWaiting: Number.MAX_SAFE_INTEGER, maxOpenPerTenant: 0, tenantWeights: null },
  ...options
}: Partial<StoreOptions> & { limits?: AddLimits } = {}) {
  const prefix = `{store-${randomBytes(6).toString('hex')}}`;
  const url = inject('redisUrl');
  const redis = new Redis(url);
  const finished: FinishedJob[] = [];
  const opened = openContext({
    url,
    prefix,
    role: 'worker',
    log: createLogger({ service: 'api', level: 'silent' }),
    resultTtlSeconds: 3_600,
    auditTtlSeconds: 3_600,
    onFinished: (job) => finished.push(job),
    ...options,
  });
  const store = composeStore(opened, limits);
  const { context } = opened;
  await store.start(AbortSignal.timeout(10_000));
  const workers: Worker[] = [];
  return {
    store,
    context,
    keys: context.keys,
    redis,
    prefix,
    /** The jobs whose end the store has reported. */
    finished,
    /** A BullMQ worker over the store's backend. */
    worker: (processor: Processor<JobData, JobResult>, type: JobType = 'chat') => {
      const worker = new Worker<JobData, JobResult>(
        queueNameOf(type),
        processor,
        {
          connection: redis.duplicate({ maxRetriesPerRequest: null }),
          prefix,
          name: 'test-worker',
          maxStalledCount: 1,
          stalledInterval: 100,
          settings: { backoffStrategy: () => 10 },
        },
        opened.backendFactory,
      );
      worker.on('error', () => undefined);
      workers.push(worker);
      return worker;
    },
    auditEvents: async () => {
      const entries = await redis.xrange(context.keys.audit, '-', '+');
      return entries.map(
        ([, fields]) => JSON.parse(fields[5] as string) as Record<string, unknown>,
      );
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.close(true)));
      await store.close();
      for await (const names of redis.scanStream({ match: `${prefix}*`, count: 1_000 })) {
        if ((names as string[]).length > 0) await redis.unlink(...(names as string[]));
      }
      redis.disconnect();
    },
  };
}

export type ObservedStore = Awaited<ReturnType<typeof openObservedStore>>;

/** The specification of a chat job. */
export function chatSpec(data: Partial<JobData> = {}, delaySeconds = 0): JobSpec {
  const input = { message: 'Say hello', model: 'gpt-4o-mini' } as JobData['input'];
  return {
    type: 'chat',
    data: withDefaults({ input, ...data } as Partial<JobData>),
    maxAttempts: 3,
    delaySeconds,
  };
}

/** A result as a processor returns it. */
export function chatResult(response = 'Hello'): JobResult {
  return {
    output: { response, finish_reason: 'stop', model: 'gpt-4o-mini' },
    usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
  };
}
