import { randomUUID } from 'node:crypto';
import { Worker } from 'bullmq';
import { onTestFinished, vi } from 'vitest';
import type { NewBatch } from '../batches/create-batch.ts';
import { jobBackendFactory } from '../jobs/job-backend.ts';
import type { Store, StoreOptions } from '../open-store.ts';
import { queueNameOf } from '../queues/registry.ts';
import { batchJobId, type BatchRecord, type JobSpec } from '../shared-jobs.ts';
import { chatResult, chatSpec, openTestStore } from './test-store.ts';

/** Waits until the expectation holds. */
export const eventually = (expectation: () => Promise<void> | void) =>
  vi.waitFor(expectation, { timeout: 60_000, interval: 20 });

/** A started store, which is closed at the end of the test. */
export async function storeOfTest(options: Partial<StoreOptions> = {}): Promise<Store> {
  const { store, close } = await openTestStore(options);
  onTestFinished(close);
  return store;
}

/** Creates a batch of so many chat requests. */
export async function createTestBatch(
  { batches }: Store,
  total: number,
  { spec = chatSpec(), ...given }: Partial<NewBatch> & { spec?: JobSpec } = {},
): Promise<string> {
  const uploadId = randomUUID();
  const requests = Array.from({ length: total }, (_, index) => ({
    index,
    customId: `request "${index}"`,
    spec,
  }));
  await batches.stage(uploadId, requests);
  const { id } = await batches.create({ ...newBatch(uploadId, total), ...given }, null);
  return id;
}

export function newBatch(uploadId: string, total: number): NewBatch {
  return { uploadId, total, tenant: 'default', metadata: {}, webhookUrl: null, ownSecret: false };
}

export async function recordOf({ batches }: Store, id: string): Promise<BatchRecord> {
  const found = await batches.find(id, null);
  if (!found) throw new Error('the batch is gone');
  return found.record;
}

/** The id of a chat request's job. */
export function jobOf({ context }: Store, batchId: string, index: number): string {
  return batchJobId(batchId, { type: 'chat', queueNumber: context.queues.numberOf('chat'), index });
}

/** The results so far, parsed. */
export async function resultsOf({ batches }: Store, id: string, total: number): Promise<unknown[]> {
  let text = '';
  for await (const chunk of batches.results(id, total)) text += chunk;
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}

/** Runs chat jobs, 20 at a time, with `run` in place of a processor. */
export function runJobs({ context }: Store, run: (id: string) => Promise<void> | void): void {
  const worker = new Worker(
    queueNameOf('chat'),
    async ({ id = '' }) => {
      await run(id);
      return chatResult();
    },
    { connection: context.redis, prefix: context.prefix, concurrency: 20 },
    jobBackendFactory(context),
  );
  worker.on('error', () => undefined); // Its connection is closed at the end of the test.
  onTestFinished(() => worker.close());
}
