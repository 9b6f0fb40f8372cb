import { luaScript } from '@promptq/shared/redis';
import { countInBatch } from './count-in-batch.ts';

/**
 * Claims and writes in one atomic step: only the consumer whose XACK returns 1 writes the audit event,
 * so two that hold the same entry write it once. XACK comes first also because of memory: it is allowed
 * when Redis is full, and a script that has written is not stopped in the middle, so XADD is allowed then too.
 * A thousand at a time: Lua hands no more than 8,000 arguments on, and after failures more can have gathered.
 * Then the stream is trimmed up to the oldest entry that is not acknowledged: nobody else trims it.
 */
export const settleScript = luaScript(
  'promptqSettle',
  `
${countInBatch}
local events, audit, group, audit_from = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local result_ttl, others = ARGV[3], tonumber(ARGV[4])
local batches = { open = ARGV[5], ended = ARGV[6], prefix = ARGV[7], now = ARGV[8] }
local at = 9
for from = at, at + others - 1, 1000 do
  redis.call('XACK', events, group, unpack(ARGV, from, math.min(from + 999, at + others - 1)))
end
at = at + others
local settled = {}
for parts = 3, #KEYS do
  local entry, job, type, event, channel, wake_up, key_record, open_jobs = unpack(ARGV, at, at + 7)
  local batch = { unpack(ARGV, at + 8, at + 10) }
  at = at + 11
  if redis.call('XACK', events, group, entry) == 1 then
    redis.call('XADD', audit, 'MINID', '~', audit_from, '*', 'job_id', job, 'type', type, 'event', event)
    redis.call('UNLINK', KEYS[parts])
    redis.call('PUBLISH', channel, wake_up)
    if key_record ~= '' and redis.call('GET', key_record) == job then
      redis.call('EXPIRE', key_record, result_ttl)
    end
    if open_jobs ~= '' then redis.call('SREM', open_jobs, job) end
    if batch[1] ~= '' then count_in_batch(batch, string.sub(type, 5), result_ttl, batches) end
    settled[#settled + 1] = entry
  end
end
local pending = redis.call('XPENDING', events, group)
if pending[1] > 0 then
  redis.call('XTRIM', events, 'MINID', pending[2])
else
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', events)) do
    local field = {}
    for i = 1, #info, 2 do field[info[i]] = info[i + 1] end
    if field['name'] == group then redis.call('XTRIM', events, 'MINID', field['last-delivered-id']) end
  end
end
return settled
`,
);
