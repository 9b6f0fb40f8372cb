--[[
  Reads one job and its state. BullMQ's getState searches the waiting list in O(n). This script needs no search: a job
  with a lock is active, and a job in no other set is waiting.

  KEYS[1]     the job's hash
  KEYS[2]     the job's lock
  KEYS[3...]  the sorted sets of the states

  ARGV[1]  control (msgpack)
             id      the job's id
             states  the name of each state, in the order of KEYS[3...]
             fields  the fields of a job to read; every job must have the first one

  Returns  { id, state, fields }, or false when there is no such job.

  Atomic   all of it. It writes nothing.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local fields = redis.call('HMGET', KEYS[1], unpack(control.fields))
if not fields[1] then return false end
local state = redis.call('EXISTS', KEYS[2]) == 1 and 'active' or 'waiting'
for i, name in ipairs(control.states) do
  if redis.call('ZSCORE', KEYS[i + 2], control.id) then state = name end
end
return { control.id, state, fields }
