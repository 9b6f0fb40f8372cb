import type { Redis } from 'ioredis';
import { z } from 'zod';
import { luaScript, type RedisKeys } from '../redis/index.ts';
import { delayedScorePerMs, scorePerPriority } from './scores.ts';

/** What BullMQ's limiter holds while a pool is paused; while it is not, it counts fetches there. */
export const pausedMark = String(Number.MAX_SAFE_INTEGER);

/** The oldest is looked for in so many classes of priority. */
const maxClasses = 16;
/** And among so many at the front of the list: a cancelled job is put there, whatever its age. */
const maxFromFront = 3;

/**
 * All of it in one step. Lengths cost O(1); the oldest jobs are looked for at the places where they can be,
 * O(log n) each, so a long queue costs no more than a short one.
 */
const stateScript = luaScript(
  'promptqQueueState',
  `
local wait, prioritized, delayed, active, completed, failed, meta, limiter, events = unpack(KEYS)
local job_prefix, due, classes, class_size, front, mark = unpack(ARGV)
local oldest = redis.call('LRANGE', wait, -tonumber(front), -1)
local from = '-inf'
for _ = 1, tonumber(classes) do
  local first = redis.call('ZRANGEBYSCORE', prioritized, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if #first == 0 then break end
  oldest[#oldest + 1] = first[1]
  from = string.format('%.0f', (math.floor(tonumber(first[2]) / tonumber(class_size)) + 1) * tonumber(class_size))
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', due, 'LIMIT', 0, 1)) do
  oldest[#oldest + 1] = id
end
local jobs = {}
for _, id in ipairs(oldest) do
  local fields = redis.call('HMGET', job_prefix .. id, 'timestamp', 'opts', 'processedOn')
  if fields[1] then jobs[#jobs + 1] = { fields[1], fields[2] or '{}', fields[3] or '0' } end
end
local pause = redis.call('GET', limiter) == mark and redis.call('PTTL', limiter) or 0
return {
  redis.call('LLEN', wait), redis.call('ZCARD', prioritized), redis.call('ZCARD', delayed),
  redis.call('LLEN', active), redis.call('ZCARD', completed), redis.call('ZCARD', failed),
  redis.call('HEXISTS', meta, 'paused'), pause, redis.call('XLEN', events), jobs,
}
`,
);

const parts = [
  'wait',
  'prioritized',
  'delayed',
  'active',
  'completed',
  'failed',
  'meta',
  'limiter',
  'events',
];
const moment = z.coerce.number();
const answerSchema = z.tuple([
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.array(z.tuple([moment, z.string(), moment])),
]);
const optionsSchema = z.object({ delay: z.number().default(0) });

/** How a queue stands at one moment. */
export interface QueueSnapshot {
  /** Jobs by BullMQ's state. `completed` and `failed` are those that are still kept. */
  jobs: Record<'waiting' | 'prioritized' | 'delayed' | 'active' | 'completed' | 'failed', number>;
  /**
   * For how long the job at the front of its class has been waiting, in milliseconds: since it was submitted
   * and its delay was over, or since it was last started. 0 when none waits.
   */
  oldestWaitingMs: number;
  /** Whether an operator has paused the queue. */
  isPaused: boolean;
  /** For how many more milliseconds the pool leaves the upstream alone. */
  poolPauseMs: number;
  /** Events that settlement has not read; it leaves the last one in place. */
  unsettledEvents: number;
}

/** Reads how a queue stands, of whatever length, in one round trip. @param queue its BullMQ name */
export async function readQueueState(
  redis: Redis,
  keys: Pick<RedisKeys, 'ofQueue'>,
  queue: string,
  nowMs: number,
): Promise<QueueSnapshot> {
  const answer = await stateScript(
    redis,
    parts.map((part) => keys.ofQueue(queue, part)),
    [
      keys.ofQueue(queue, ''),
      nowMs * delayedScorePerMs,
      maxClasses,
      scorePerPriority,
      maxFromFront,
      pausedMark,
    ],
  );
  const [waiting, prioritized, delayed, active, completed, failed, paused, pauseMs, events, jobs] =
    answerSchema.parse(answer);
  const ages = jobs.map(([createdAtMs, options, lastStartMs]) => {
    const { delay } = optionsSchema.parse(JSON.parse(options));
    return nowMs - Math.max(createdAtMs + delay, lastStartMs);
  });
  return {
    jobs: { waiting, prioritized, delayed, active, completed, failed },
    oldestWaitingMs: Math.max(0, ...ages),
    isPaused: paused === 1,
    poolPauseMs: Math.max(0, pauseMs),
    unsettledEvents: Math.max(0, events - 1),
  };
}
