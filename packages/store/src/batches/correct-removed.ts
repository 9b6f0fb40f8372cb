import { noUsage, type BatchResult } from '@promptq/shared/contracts';
import { removedEvent } from '../audit/removed-event.ts';
import type { StoreContext } from '../context.ts';
import { reportFinished } from '../jobs/finish-args.ts';
import { queueNameOf } from '../queues/registry.ts';
import { defineScript } from '../scripts/script.ts';
import { batchJobId, jobError, type BatchRecord } from '@promptq/shared/jobs';
import { openBatchIds, readOpenBatch } from './open-batches.ts';
import { pendingMarkLetters, pendingType } from './staged-request.ts';

const findRemoved = defineScript(import.meta.url, 'find-removed');
const correct = defineScript(import.meta.url, 'correct-removed');

const maxBatches = 1_000;
const chunkSize = 250;

/**
 * Counts requests of unfinished batches as failed when their jobs were removed by hand. Otherwise the batches would
 * never end. Only released requests are checked, and no result is read.
 * @returns how many requests were counted as failed
 */
export async function correctRemoved(context: StoreContext): Promise<number> {
  let corrected = 0;
  for (const id of await openBatchIds(context, maxBatches)) {
    const batch = await readOpenBatch(context, id);
    if (batch) corrected += await correctBatch(context, batch);
  }
  return corrected;
}

async function correctBatch(context: StoreContext, batch: BatchRecord): Promise<number> {
  const { redis, keys } = context;
  const jobs = jobKeys(context, batch.id);
  let corrected = 0;
  for (let from = 0; from < batch.released; from += chunkSize) {
    const found = (await findRemoved(redis, {
      keys: [keys.batch(batch.id), keys.batchResults(batch.id)],
      control: { from, to: Math.min(from + chunkSize, batch.released), jobs },
    })) as string[];
    for (let at = 0; at < found.length; at += 2) {
      const [index, mark] = found.slice(at, at + 2) as [string, string];
      if (await correctRequest(context, batch, index, mark)) corrected += 1;
    }
  }
  return corrected;
}

/** The beginning and the end of the keys of the batch's jobs. Between them is the index as four hexadecimal digits. */
function jobKeys({ keys, queues }: StoreContext, batchId: string) {
  return Object.fromEntries(
    pendingMarkLetters.map(([type, letter]) => {
      const queueNumber = queues.numberOf(type);
      const key = keys.job(queueNameOf(type), batchJobId(batchId, { type, queueNumber, index: 0 }));
      const tail = -11;
      return [letter, { before: key.slice(0, tail - 4), after: key.slice(tail) }];
    }),
  );
}

async function correctRequest(
  context: StoreContext,
  { id, tenant }: BatchRecord,
  index: string,
  mark: string,
): Promise<boolean> {
  const { redis, keys, queues, resultTtlSeconds } = context;
  const type = pendingType(mark);
  if (type === null) return false;
  const jobId = batchJobId(id, {
    type,
    queueNumber: queues.numberOf(type),
    index: Number(index),
  });
  const error = jobError({ code: 'internal_error', upstream: null }, 0);
  const event = removedEvent({ id: jobId, type, tenant, error });
  const line: Omit<BatchResult, 'custom_id'> = {
    id: jobId,
    status: 'failed',
    output: null,
    error,
    usage: noUsage,
  };
  const [result, endedBatch] = (await correct(redis, {
    keys: [keys.batch(id), keys.batchResults(id), keys.job(queueNameOf(type), jobId), keys.audit],
    control: {
      root: keys.root,
      job_id: jobId,
      batch: { id, index },
      ttl: resultTtlSeconds,
      event_type: event.type,
    },
    payloads: [JSON.stringify(line).slice(1), JSON.stringify(event)],
  })) as ['unchanged'] | ['corrected', endedBatch: string];
  if (result === 'unchanged') return false;
  reportFinished(context, { id: jobId, type }, 'failed', endedBatch ?? '');
  return true;
}
