import type { Redis } from 'ioredis';
import type { JobStatus } from '@promptq/shared/contracts';
import { readFailure } from '@promptq/shared/failure';
import { failedStatus, jobTypeOf } from '@promptq/shared/jobs';
import { luaScript, type RedisKeys } from '@promptq/shared/redis';

/** What is small of each job: neither prompts nor answers are read. */
const peekScript = luaScript(
  'promptqGlance',
  `
local seen = {}
for i = 3, #KEYS do
  local key, id = KEYS[i], ARGV[i - 2]
  local active = string.match(id, '^chat_') and KEYS[1] or KEYS[2]
  local hash = redis.call('HMGET', key, 'timestamp', 'finishedOn', 'failedReason', 'stc')
  if not hash[1] then seen[#seen + 1] = { 'gone' }
  elseif hash[2] then
    if redis.call('HEXISTS', key, 'returnvalue') == 1 then seen[#seen + 1] = { 'completed' }
    else seen[#seen + 1] = { 'failed', hash[3] or '', hash[4] or '0' } end
  elseif redis.call('LPOS', active, id) then seen[#seen + 1] = { 'active' }
  else seen[#seen + 1] = { 'waiting' } end
end
return seen
`,
);

/**
 * Which statuses each of these jobs can have, in their order: none for one that is gone. What waits can be
 * queued, cancelled or expired; only the whole job tells.
 */
export async function peekStatuses(
  redis: Redis,
  keys: RedisKeys,
  ids: string[],
): Promise<JobStatus[][]> {
  const jobKeys = ids.map((id) => keys.job(jobTypeOf(id) ?? 'chat', id));
  const answer = await peekScript(
    redis,
    [keys.active('chat'), keys.active('analysis'), ...jobKeys],
    ids,
  );
  return (answer as string[][]).map(([where, reason, stalls]): JobStatus[] => {
    if (where === 'gone') return [];
    if (where === 'completed') return ['completed'];
    if (where === 'failed') return [failedStatus(readFailure(reason ?? '', Number(stalls)))];
    if (where === 'active') return ['in_progress'];
    return ['queued', 'cancelled', 'expired'];
  });
}
