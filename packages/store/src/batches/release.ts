import type { StoreContext } from '../context.ts';
import { batchPriorityOf } from '../fairness/priorities.ts';
import { indexEntry } from '../job-index/time-index.ts';
import { bullmqOptions } from '../jobs/bullmq-options.ts';
import { queueNameOf } from '../queues/registry.ts';
import { defineScript } from '../scripts/script.ts';
import {
  batchJobId,
  createdAtOf,
  startBy,
  toStored,
  type JobRecord,
  type JobSpec,
  type BatchRecord,
} from '@promptq/shared/jobs';
import { finishCancelled } from './cancel-released.ts';
import { nextChunk } from './chunk-size.ts';
import { parseRequest } from './staged-request.ts';

const release = defineScript(import.meta.url, 'release');

/**
 * The most requests of one batch that are unfinished jobs. This keeps a pool busy without filling the queue with one
 * batch. These jobs wait behind all jobs that were submitted alone (see fairness/priorities.ts).
 */
const maxReleased = 1_000;
/** The most jobs that one script adds. Redis does nothing else during that time, about 5 ms. */
const maxChunkSize = 100;
const firstChunk = 20;

/**
 * Turns the next requests of a batch into jobs, until it has `maxReleased` unfinished jobs. Each request is added
 * exactly once, even when two processes release the same batch or a process dies while it does. The requests of a batch
 * whose cancellation was requested are cancelled immediately, without a worker.
 * @param batch as it was read; nothing is released when it has changed since
 * @returns how many requests were released
 */
export async function releaseRequests(context: StoreContext, batch: BatchRecord): Promise<number> {
  const { redis, keys } = context;
  const { id, total, left } = batch;
  const unfinished = batch.released - (total - left);
  let room = Math.min(maxReleased - unfinished, total - batch.released);
  let { released } = batch;
  let count = firstChunk;
  while (room > 0) {
    // All start deadlines use the clock of Redis.
    const [lines, [seconds, micros]] = await Promise.all([
      redis.lrange(keys.batchWaiting(id), 0, Math.min(count, room) - 1),
      redis.time(),
    ]);
    if (lines.length === 0) break;
    const nowMs = Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    const jobs = lines.map((line, at) =>
      toJob(context, batch, { index: released + at, spec: parseRequest(line), nowMs }),
    );
    if (!(await releaseChunk(context, batch, released, jobs))) break;
    if (batch.cancel_requested_at !== undefined) {
      await finishCancelled(context, batch, released, jobs.map(toRecord));
    }
    released += jobs.length;
    room -= jobs.length;
    const lengths = lines.map((line) => line.length);
    count = nextChunk(count, lengths, maxChunkSize);
  }
  return released - batch.released;
}

interface BatchJob extends JobSpec {
  id: string;
  delayMs: number;
  nowMs: number;
}

async function releaseChunk(
  { redis, keys }: StoreContext,
  batch: BatchRecord,
  released: number,
  jobs: BatchJob[],
): Promise<boolean> {
  const entries = jobs.map(({ id }) => indexEntry(id));
  const reply = await release(redis, {
    keys: [keys.batch(batch.id), keys.batchWaiting(batch.id)],
    control: {
      root: keys.root,
      tenant: batch.tenant,
      released: String(released),
      cancel_requested_at: String(batch.cancel_requested_at ?? ''),
      bucket: entries[0]?.bucket,
      jobs: jobs.map(({ id, type, data, maxAttempts, delayMs }) => ({
        queue_root: keys.queueRoot(queueNameOf(type)),
        id,
        name: type,
        opts: {
          ...bullmqOptions(data, { maxAttempts, delayMs }),
          priority: batchPriorityOf(data.priority),
        },
        start_within: data.start_within_seconds,
      })),
    },
    payloads: jobs.flatMap(({ data }, at) => [
      JSON.stringify(toStored(data)),
      entries[at]?.entry ?? '',
    ]),
  });
  return reply === 'released';
}

/** The times of a submission count from the creation of the batch. BullMQ's times count from when the job was added. */
function toJob(
  { queues }: StoreContext,
  batch: BatchRecord,
  { index, spec, nowMs }: { index: number; spec: JobSpec; nowMs: number },
): BatchJob {
  const { type, data, delaySeconds } = spec;
  const dueAtMs = batch.created_at + delaySeconds * 1_000;
  const delayMs = Math.max(0, dueAtMs - nowMs);
  const startByMs = dueAtMs + data.start_within_seconds * 1_000;
  const startWithinSeconds = Math.max(0, Math.ceil((startByMs - nowMs - delayMs) / 1_000));
  const { cancel_requested_at } = batch;
  const flag = cancel_requested_at === undefined ? {} : { cancel_requested_at };
  return {
    ...spec,
    id: batchJobId(batch.id, { type, queueNumber: queues.numberOf(type), index }),
    // The flag is first, where flag-cancelled.lua looks for it, and last, so that it overrides the request.
    data: { ...flag, ...data, ...flag, start_within_seconds: startWithinSeconds },
    // A cancelled request has no delay.
    delayMs: cancel_requested_at === undefined ? delayMs : 0,
    nowMs,
  };
}

/** The job as it was just added. */
function toRecord({ id, type, data, maxAttempts, delayMs, nowMs }: BatchJob): JobRecord {
  return {
    id,
    type,
    data,
    state: { at: 'waiting' },
    maxAttempts,
    attemptsMade: 0,
    attemptsStarted: 0,
    createdAtMs: createdAtOf(id) ?? nowMs,
    startByMs: startBy(nowMs, delayMs, data.start_within_seconds),
    startedAtMs: null,
    progress: null,
    worker: null,
  };
}
