import { randomUUID } from 'node:crypto';
import { Worker } from 'bullmq';
import { inject, onTestFinished } from 'vitest';
import { noUsage, type JobType } from '@promptq/shared/contracts';
import type { Logger } from '@promptq/shared/logging';
import { withDefaults, type JobSpec } from '@promptq/shared/jobs';
import { jobBackendFactory } from '../jobs/job-backend.ts';
import { openContext, type StoreOptions } from '../open-context.ts';
import { composeStore } from '../open-store.ts';
import { queueNameOf } from '../queues/registry.ts';

const silent = { info() {}, warn() {}, error() {}, debug() {} } as unknown as Logger;

/** A started store with its own key prefix. It is closed at the end of the test. */
export async function openTestStore(options: Partial<StoreOptions> = {}) {
  const prefix = `{test-${randomUUID()}}`;
  const opened = openContext({
    url: inject('redisUrl'),
    prefix,
    role: 'worker',
    log: silent,
    resultTtlSeconds: 60,
    ...options,
  });
  const limits = { maxWaiting: Number.MAX_SAFE_INTEGER, maxOpenPerTenant: 0, tenantWeights: null };
  const store = { ...composeStore(opened, limits), context: opened.context };
  onTestFinished(() => store.close());
  await store.start(AbortSignal.timeout(10_000));
  return store;
}
export type TestStore = Awaited<ReturnType<typeof openTestStore>>;

export function chatSpec(given: Partial<JobSpec['data']> = {}): JobSpec {
  const input = { message: 'Hi', model: 'm' };
  const data = withDefaults({ input, ...given } as Partial<JobSpec['data']>);
  return { type: 'chat', data, maxAttempts: 1, delaySeconds: 0 };
}

/** Runs the jobs of a type as a worker process does, with `run` in place of a processor. */
export function startTestWorker(
  { context }: TestStore,
  run: (id: string) => Promise<void> | void = () => undefined,
  type: JobType = 'chat',
): Worker {
  const worker = new Worker(
    queueNameOf(type),
    async (job) => {
      await run(job.id ?? '');
      const output = { response: 'Hello', finish_reason: 'stop', model: 'm' };
      return { output, usage: noUsage };
    },
    { connection: context.redis, prefix: context.prefix, concurrency: 20 },
    jobBackendFactory(context),
  );
  worker.on('error', () => undefined); // The connection is closed at the end of the test.
  onTestFinished(() => worker.close());
  return worker;
}
