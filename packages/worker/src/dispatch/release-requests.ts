import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { nextChunk, readStaged } from '@promptq/shared/batches';
import { batchJobId, type BatchRecord, type JobSpec, type JobData } from '@promptq/shared/jobs';
import type { JobType } from '@promptq/shared/contracts';
import { addGuarded, bullJob, priorityInBatch, type NewJob } from '@promptq/shared/queues';
import type { RedisKeys } from '@promptq/shared/redis';

/**
 * So many requests of one batch are jobs and have not ended, at most: enough to keep a pool busy, and few enough that
 * the queue is not one batch. They wait behind all jobs that were submitted alone (see new-job.ts).
 */
const maxReleased = 1_000;
/** One transaction adds so many: Redis does nothing else meanwhile, about 5 ms. */
const maxChunkSize = 100;
const firstChunk = 20;

/** Somebody else has released requests of this batch, or it was cancelled, since the record was read. */
const guard = `
if redis.call('HGET', own[1], 'released') ~= args[1] then return 'released' end
if (redis.call('HGET', own[1], 'cancel_requested_at') or '') ~= args[2] then return 'cancelled' end
`;

/** What was not stored, because Redis ran full, stays in the list and is added again. */
const conclude = `
if not all_added or redis.call('HGET', own[1], 'released') ~= args[1] then return end
redis.call('LTRIM', own[2], #jobs, -1)
redis.call('HINCRBY', own[1], 'released', #jobs)
`;

export interface BatchQueues {
  redis: Redis;
  keys: RedisKeys;
  queues: Record<JobType, Queue<JobData>>;
}

/**
 * Makes jobs of the next requests of a batch, as far as there is room. Whoever does it twice, and whoever dies in the
 * middle, adds nothing twice and leaves nothing out: the ids follow from the places of the requests, and jobs and
 * the mark of how far it got are written in one transaction.
 * @returns how many were released
 */
export async function releaseRequests(
  { redis, keys, queues }: BatchQueues,
  record: BatchRecord,
): Promise<number> {
  const { id, total, left } = record;
  let { released } = record;
  const open = released - (total - left);
  let room = Math.min(maxReleased - open, total - released);
  let count = firstChunk;
  let all = 0;
  while (room > 0) {
    const lines = await redis.lrange(keys.batchWaiting(id), 0, Math.min(count, room) - 1);
    if (lines.length === 0) return all;
    const nowMs = Date.now();
    const jobs = lines.map((line, at) => toJob(record, released + at, readStaged(line), nowMs));
    const refused = await addGuarded(redis, keys, {
      jobs: jobs.map((job) => bullJob(queues[job.type], job)),
      own: [keys.batch(id), keys.batchWaiting(id)],
      args: [released, record.cancel_requested_at ?? ''],
      guard,
      conclude,
    });
    if (refused !== null) return all;
    released += jobs.length;
    room -= jobs.length;
    all += jobs.length;
    count = nextChunk(
      count,
      lines.map((line) => line.length),
      maxChunkSize,
    );
  }
  return all;
}

/**
 * The times of a submission count from when the batch was made. Those of BullMQ count from now, so that a job has
 * the same patience with its upstream whenever its turn comes.
 */
function toJob(
  record: BatchRecord,
  index: number,
  { type, data, maxAttempts, delaySeconds }: JobSpec,
  nowMs: number,
): NewJob {
  const dueAtMs = record.created_at + delaySeconds * 1_000;
  const delayMs = Math.max(0, dueAtMs - nowMs);
  const startByMs = dueAtMs + data.start_within_seconds * 1_000;
  const startWithinSeconds = Math.max(0, Math.ceil((startByMs - nowMs - delayMs) / 1_000));
  const { cancel_requested_at } = record;
  const flag =
    cancel_requested_at === undefined ? {} : { cancel_requested_at, cancelled_before_start: true };
  return {
    id: batchJobId(record.id, type, index),
    type,
    // In front, where `requestCancel` puts it and looks for it, and behind, over what the request says.
    data: { ...flag, ...data, ...flag, start_within_seconds: startWithinSeconds },
    maxAttempts,
    // A worker refuses it at once.
    delayMs: cancel_requested_at === undefined ? delayMs : 0,
    priority: priorityInBatch(data.priority),
  };
}
