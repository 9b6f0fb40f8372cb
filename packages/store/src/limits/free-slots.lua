--[[
  Frees the slots whose jobs no longer exist or are finished. It writes an audit event for each job that no longer
  exists: the job was removed by hand, so it has no other event about its end.

  KEYS[1]  the tenant's slots: a set of job ids
  KEYS[2]  the tenants that have slots
  KEYS[3]  the audit stream

  ARGV[1]     control (msgpack)
                root        the prefix of all keys
                tenant      the owner of the slots
                ids         the ids of the jobs
                audit_from  the oldest audit event to keep, in milliseconds since 1970; 0: trim nothing
  ARGV[2...]  the audit event of each job as JSON, in the order of the ids; '' writes none

  Returns  how many slots were freed.

  A tenant without slots is removed from KEYS[2].

  Atomic   all of it. A job that exists again since the caller checked keeps its slot. If the script is sent twice, it
           writes one event for each job, because only the call that frees the slot writes it.
  Touches, beyond KEYS: <root>queues, the hashes of the jobs.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ../queues/job-keys.lua
local key_of = job_keys(control.root)
local freed, removed = 0, 0
for i, id in ipairs(control.ids) do
  local key = key_of(id)
  local found = key and redis.call('HMGET', key, 'timestamp', 'finishedOn') or {}
  if (not found[1] or found[2]) and redis.call('SREM', KEYS[1], id) == 1 then
    freed = freed + 1
    if not found[1] then
      removed = removed + 1
      local event = ARGV[i + 1]
      if event ~= '' then
        redis.call('XADD', KEYS[3], '*', 'job_id', id, 'type', 'job.removed', 'event', event)
      end
    end
  end
end
if removed > 0 and control.audit_from > 0 then
  redis.call('XTRIM', KEYS[3], 'MINID', '~', string.format('%.0f', control.audit_from))
end
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], control.tenant) end
return freed
