import type { Redis } from 'ioredis';
import { z } from 'zod';
import { jobTypeOf } from '@promptq/shared/jobs';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';
import { webhooksQueue } from '@promptq/shared/webhooks';
import {
  boardFields,
  boardRowSchema,
  toBoardJob,
  type BoardJob,
  type BoardState,
} from './board-job.ts';

/** BullMQ's name of the set, or list, that holds the jobs of a state. */
const setOf: Record<BoardState, string> = {
  active: 'active',
  waiting: 'wait',
  prioritized: 'prioritized',
  delayed: 'delayed',
  completed: 'completed',
  failed: 'failed',
};

/**
 * A page of each state, the newest first, in one step that only reads: BullMQ's own `getRanges` may take an entry off
 * the waiting list. It costs O(log n) and what the page holds, whatever the jobs weigh; deep in the two lists O(n).
 */
const readPageScript = luaScript(
  'promptqBoardPage',
  `
local job_prefix, first, last = ARGV[1], ARGV[2], ARGV[3]
local states = { unpack(ARGV, 4, 3 + #KEYS) }
local names = { unpack(ARGV, 4 + #KEYS) }
local rows = {}
for at, key in ipairs(KEYS) do
  local is_list = redis.call('TYPE', key).ok == 'list'
  for _, id in ipairs(redis.call(is_list and 'LRANGE' or 'ZREVRANGE', key, first, last)) do
    local fields = redis.call('HMGET', job_prefix .. id, unpack(names))
    if fields[1] then rows[#rows + 1] = { id, states[at], fields } end
  end
end
return rows
`,
);

/**
 * One job and where it is. BullMQ's `getState` searches the waiting list, which costs more the longer the queue is; the
 * active list is never longer than the pool's concurrency, and what is nowhere else is waiting.
 */
const readOneScript = luaScript(
  'promptqBoardJob',
  `
local fields = redis.call('HMGET', KEYS[1], unpack(ARGV, 2))
if not fields[1] then return false end
local state = 'waiting'
if redis.call('LPOS', KEYS[2], ARGV[1]) then state = 'active' end
if redis.call('ZSCORE', KEYS[3], ARGV[1]) then state = 'prioritized' end
if redis.call('ZSCORE', KEYS[4], ARGV[1]) then state = 'delayed' end
if redis.call('ZSCORE', KEYS[5], ARGV[1]) then state = 'completed' end
if redis.call('ZSCORE', KEYS[6], ARGV[1]) then state = 'failed' end
return { ARGV[1], state, fields }
`,
);

interface QueueRef {
  redis: Redis;
  keys: Pick<RedisKeys, 'ofQueue'>;
  /** The BullMQ name of the queue. */
  queue: string;
}

/** The jobs of these states from `first` to `last`, both included and counted in each state by itself. */
export async function readBoardJobs(
  { redis, keys, queue }: QueueRef,
  states: readonly BoardState[],
  { first, last }: { first: number; last: number },
): Promise<BoardJob[]> {
  const answer = await readPageScript(
    redis,
    states.map((state) => keys.ofQueue(queue, setOf[state])),
    [keys.ofQueue(queue, ''), first, last, ...states, ...boardFields],
  );
  return z
    .array(boardRowSchema)
    .parse(answer)
    .map((row) => toBoardJob(queue, row));
}

/** The job with this id, or `null` when the queue has none (any more). */
export async function readBoardJob(
  { redis, keys, queue }: QueueRef,
  id: string,
): Promise<BoardJob | null> {
  if (!isIdIn(queue, id)) return null;
  const sets = (['active', 'prioritized', 'delayed', 'completed', 'failed'] as const).map((state) =>
    keys.ofQueue(queue, setOf[state]),
  );
  const answer = await readOneScript(
    redis,
    [keys.ofQueue(queue, id), ...sets],
    [id, ...boardFields],
  );
  return answer === null ? null : toBoardJob(queue, boardRowSchema.parse(answer));
}

/** Whatever else is asked for could be another of BullMQ's keys, and no hash. */
function isIdIn(queue: string, id: string): boolean {
  return queue === webhooksQueue ? /^dlv_\w+$/.test(id) : jobTypeOf(id) === queue;
}
