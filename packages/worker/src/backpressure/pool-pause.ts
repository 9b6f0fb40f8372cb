import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import { pausedMark } from '@promptq/shared/queues';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';
import type { PauseReason, PoolPause } from './pause.ts';

const firstPauseMs = 5_000;
const maxPauseMs = 5 * 60 * 1_000;
/** Refusals that are further apart do not belong together. */
const streakWindowMs = 10 * 60 * 1_000;

/**
 * Sets BullMQ's limiter, which stops every worker from fetching jobs of the queue (as `worker.rateLimit`
 * does), but never shortens a pause that is on. Without a time from the upstream, a refusal that comes during
 * a pause adds nothing, because its call was under way; one after it doubles the next pause.
 */
const pauseScript = luaScript(
  'promptqPause',
  `
local left = redis.call('GET', KEYS[1]) == ARGV[5] and redis.call('PTTL', KEYS[1]) or 0
local pause = tonumber(ARGV[1])
if pause < 0 then
  if left > 0 then return { left, 0 } end
  local refusals = redis.call('INCR', KEYS[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
  pause = math.min(tonumber(ARGV[3]), tonumber(ARGV[2]) * 2 ^ math.min(refusals - 1, 20))
end
if pause <= left then return { left, 0 } end
redis.call('SET', KEYS[1], ARGV[5], 'PX', math.floor(pause))
return { pause, left > 0 and 0 or 1 }
`,
);

/** @param onBegin called when a pause begins, not when one that is on is asked for again */
export function poolPause(
  redis: Redis,
  keys: RedisKeys,
  type: JobType,
  onBegin: (reason: PauseReason) => void = () => undefined,
): PoolPause {
  // Only a process that has paused the pool has something to take back; the counter's end takes care of one that died.
  let hasPaused = false;
  return {
    pause: async (askedMs, reason = 'rate_limited') => {
      hasPaused = true;
      const [pauseMs, isNew] = (await pauseScript(
        redis,
        [keys.limiter(type), keys.refusals(type)],
        [askedMs ?? -1, firstPauseMs, maxPauseMs, streakWindowMs, pausedMark],
      )) as [number, number];
      if (isNew === 1) onBegin(reason);
      return pauseMs;
    },
    isOn: async () => (await redis.get(keys.limiter(type))) === pausedMark,
    succeeded: async () => {
      if (!hasPaused) return;
      hasPaused = false;
      await redis.del(keys.refusals(type));
    },
  };
}
