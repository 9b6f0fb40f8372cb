--[[
  Reads a page of the jobs of each state, newest first. BullMQ's own getRanges may remove an entry from the waiting
  list; this script only reads. It takes O(log n) plus the size of the page, and O(n) deep in the two lists.

  KEYS[...]  the sets, or lists, that hold the jobs of the states

  ARGV[1]  control (msgpack)
             queue_root   the prefix of the keys of the queue
             first, last  the first and the last job of each state, counted from 0, both included
             states       the name of each state, in the order of KEYS
             fields       the fields of a job to read; every job must have the first one

  Returns  a list of { id, state, fields }.

  Atomic   all of it. It writes nothing.
  Touches, beyond KEYS: the hashes of the jobs.
]]
local control = cmsgpack.unpack(ARGV[1])
local rows = {}
for at, key in ipairs(KEYS) do
  local is_list = redis.call('TYPE', key).ok == 'list'
  for _, id in ipairs(redis.call(is_list and 'LRANGE' or 'ZREVRANGE', key, control.first, control.last)) do
    local fields = redis.call('HMGET', control.queue_root .. id, unpack(control.fields))
    if fields[1] then rows[#rows + 1] = { id, control.states[at], fields } end
  end
end
return rows
