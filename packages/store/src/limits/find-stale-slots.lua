--[[
  Looks for slots of a tenant whose jobs are gone or finished. It looks at a part of them; the caller walks all parts.

  KEYS[1]  the tenant's slots: a set of job ids

  ARGV[1]  control (msgpack)
             root    what all keys begin with
             cursor  where the walk goes on: '0' at the beginning
             count   how many ids are looked at, about

  Returns  { next cursor, ids }: '0' ends the walk.

  Atomic   all of it. It writes nothing.
  Touches, beyond KEYS: <root>queues, the hashes of the jobs.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ../queues/job-keys.lua
local key_of = job_keys(control.root)
local page = redis.call('SSCAN', KEYS[1], control.cursor, 'COUNT', control.count)
local stale = {}
for _, id in ipairs(page[2]) do
  local key = key_of(id)
  -- BullMQ gives every job a timestamp.
  local found = key and redis.call('HMGET', key, 'timestamp', 'finishedOn') or {}
  if not found[1] or found[2] then stale[#stale + 1] = id end
end
return { page[1], stale }
