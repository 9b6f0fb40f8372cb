import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { luaScript, type RedisKeys } from '../redis/index.ts';
import { jobTypeOf } from '../jobs/index.ts';
import type { JobData } from '../jobs/index.ts';
import { ignoreAlreadyMoved } from './unless-moved.ts';

/**
 * Writes the flag into the job's data and tells the workers, in one step, unless no channel is given. The data is JSON
 * text that begins with `{"`; the flag is put in front, because decoding and encoding in Lua would change what is in it
 * (an empty list becomes an object). Whether the job was with a worker then is noted with it: one that was not is
 * refused by whichever worker takes it, so it is cancelled from here on and never in progress again. A finished job stays as it is; of one that is flagged already, the
 * first time counts, but it is told and moved again: the process that flagged it may have died before.
 */
const flagScript = luaScript(
  'promptqCancel',
  `
local data = redis.call('HGET', KEYS[1], 'data')
if not data or redis.call('HEXISTS', KEYS[1], 'finishedOn') == 1 then return 0 end
if string.sub(data, 1, 2) ~= '{"' then return 0 end
if string.find(data, '{"cancel_requested_at":', 1, true) ~= 1 then
  local before = redis.call('LPOS', KEYS[2], ARGV[1]) and '' or '"cancelled_before_start":true,'
  redis.call('HSET', KEYS[1], 'data', '{"cancel_requested_at":' .. ARGV[2] .. ',' .. before .. string.sub(data, 2))
end
if ARGV[3] ~= '' then redis.call('PUBLISH', ARGV[3], ARGV[1]) end
return 1
`,
);

/**
 * Only flags a job, so that it is not run any more when its turn comes; one that runs goes on. To be followed by
 * `requestCancel`: whoever cancels many flags all of them first, or those that are aborted make room for the others.
 */
export async function flagCancel(redis: Redis, keys: RedisKeys, jobId: string): Promise<void> {
  const type = jobTypeOf(jobId);
  if (type)
    await flagScript(redis, [keys.job(type, jobId), keys.active(type)], [jobId, Date.now(), '']);
}

/**
 * Asks for a job to be cancelled. Idempotent; a job that is finished or unknown is left alone.
 * From here on a queued job counts as cancelled. It is moved to the front, where the next free worker fails
 * it; should the process die before that, its turn comes later. A running one is aborted by its worker.
 */
export async function requestCancel(
  redis: Redis,
  keys: RedisKeys,
  queue: Pick<Queue<JobData>, 'getJob'>,
  jobId: string,
): Promise<void> {
  const type = jobTypeOf(jobId);
  if (!type) return;
  const flagged = await flagScript(
    redis,
    [keys.job(type, jobId), keys.active(type)],
    [jobId, Date.now(), keys.cancel],
  );
  if (flagged !== 1) return;
  const job = await queue.getJob(jobId);
  if (!job) return;
  await ignoreAlreadyMoved(job.promote());
  await ignoreAlreadyMoved(job.changePriority({ priority: 0, lifo: true }));
}
