import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import { batchJobId, type BatchRecord, type JobSpec } from '@promptq/shared/jobs';
import type { NewBatch } from '../batches/create-batch.ts';
import { chatSpec, type TestStore } from './test-store.ts';

/** Waits until the expectation holds. */
export const eventually = (expectation: () => Promise<void> | void) =>
  vi.waitFor(expectation, { timeout: 60_000, interval: 20 });

/** Creates a batch of chat requests. */
export async function createTestBatch(
  { batches }: TestStore,
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

export async function recordOf({ batches }: TestStore, id: string): Promise<BatchRecord> {
  const found = await batches.find(id, null);
  if (!found) throw new Error('the batch does not exist');
  return found.record;
}

/** The id of a chat request's job. */
export function jobOf({ context }: TestStore, batchId: string, index: number): string {
  return batchJobId(batchId, { type: 'chat', queueNumber: context.queues.numberOf('chat'), index });
}

/** The results so far, parsed. */
export async function resultsOf(
  { batches }: TestStore,
  id: string,
  total: number,
): Promise<unknown[]> {
  let text = '';
  for await (const chunk of batches.results(id, total)) text += chunk;
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}
