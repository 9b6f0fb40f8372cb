--[[
  Finds the slots of a tenant whose jobs no longer exist or are finished. It checks one page of them; the caller
  iterates over all pages.

  KEYS[1]  the tenant's slots: a set of job ids

  ARGV[1]  control (msgpack)
             root    the prefix of all keys
             cursor  where to continue; '0' at the beginning
             count   the approximate number of ids to check

  Returns  { next cursor, ids }; the cursor is '0' after the last page.

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
