import type { Redis } from 'ioredis';
import type { JobType } from '@promptq/shared/contracts';
import { pausedMark } from '@promptq/shared/queues';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';
import type { Circuit } from './circuit.ts';

const firstPauseMs = 5_000;
const maxPauseMs = 5 * 60 * 1_000;
/** Failures that are further apart are no row. */
const streakWindowMs = 10 * 60 * 1_000;
/** A probe that is not heard of for so long was lost with its process. */
const probeMs = 60_000;
/** Others ask again after so long whether the probe came back. */
const retryDelayMs = 1_000;

/**
 * Counts a failure; from the threshold on it pauses the pool, longer each time, and says for how long. A
 * failure during a pause adds nothing, unless it is the probe's: its call was under way when the circuit opened.
 */
const failedScript = luaScript(
  'promptqCircuitFailed',
  `
local is_probe = redis.call('GET', KEYS[2]) == ARGV[6]
if not is_probe and redis.call('GET', KEYS[3]) == ARGV[5] then return { redis.call('PTTL', KEYS[3]), 0 } end
local failures = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('DEL', KEYS[2])
local over = failures - tonumber(ARGV[1])
if over < 0 then return { -1, 0 } end
local pause = math.floor(math.min(tonumber(ARGV[3]), tonumber(ARGV[2]) * 2 ^ math.min(over, 20)))
redis.call('SET', KEYS[3], ARGV[5], 'PX', pause)
return { pause, 1 }
`,
);

/**
 * While the circuit is open, one attempt of the whole pool may try, and none during a pause: BullMQ also
 * starts jobs then that it had fetched before. Says after how many milliseconds to come back, 0 for at once.
 */
const admitScript = luaScript(
  'promptqCircuitAdmit',
  `
if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(ARGV[1]) then return 0 end
if redis.call('GET', KEYS[2]) == ARGV[5] then return 0 end
if redis.call('GET', KEYS[3]) == ARGV[4] then return redis.call('PTTL', KEYS[3]) end
return redis.call('SET', KEYS[2], ARGV[5], 'NX', 'PX', ARGV[2]) and 0 or tonumber(ARGV[3])
`,
);

/** A probe that ended without telling anything of the upstream leaves its place to another. */
const releaseScript = luaScript(
  'promptqCircuitRelease',
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
);

/**
 * @param threshold failures in a row that open it
 * @param onOpen called when a failure pauses the pool
 */
export function poolCircuit(
  redis: Redis,
  keys: RedisKeys,
  type: JobType,
  threshold: number,
  onOpen: () => void,
): Circuit {
  const [failures, probe, limiter] = [keys.failures(type), keys.probe(type), keys.limiter(type)];
  return {
    admit: async (jobId) => {
      const waitMs = await admitScript(
        redis,
        [failures, probe, limiter],
        [threshold, probeMs, retryDelayMs, pausedMark, jobId],
      );
      return Number(waitMs);
    },
    failed: async (jobId) => {
      const [pauseMs, isNew] = (await failedScript(
        redis,
        [failures, probe, limiter],
        [threshold, firstPauseMs, maxPauseMs, streakWindowMs, pausedMark, jobId],
      )) as [number, number];
      if (isNew === 1) onOpen();
      return pauseMs < 0 ? null : pauseMs;
    },
    succeeded: async () => {
      await redis.del(failures, probe);
    },
    release: async (jobId) => {
      await releaseScript(redis, [probe], [jobId]);
    },
  };
}
