--[[
  Reads the state of jobs without their data. Neither prompts nor answers are read.

  KEYS[...]  the hashes of the jobs

  ARGV[1]  control (msgpack)
             ttl  milliseconds for which finished jobs are kept

  Returns  one list for each job, in the order of KEYS:
           { 'gone' }                     there is no such job, or it is past its retention
           { 'completed' }
           { 'failed', reason, stalls }   with BullMQ's reason, and how often the job stalled
           { 'active' }                   its lock exists
           { 'claimed' }                  its lock exists, and its worker may be about to finish it as expired
           { 'overdue' }                  it waits, has never started, and its deadline to start has passed
           { 'waiting' }

  Atomic   all of it. It writes nothing.
  Touches, beyond KEYS: <job>:lock.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ../scripts/includes/redis-time.lua
--- @include ../jobs/deadline.lua
local now = now_ms()
local function state_of(key)
  local timestamp, finished_on, reason, stalls, started, opts =
    unpack(redis.call('HMGET', key, 'timestamp', 'finishedOn', 'failedReason', 'stc', 'ats', 'opts'))
  if not timestamp then return { 'gone' } end
  if finished_on then
    if tonumber(finished_on) + control.ttl < now then return { 'gone' } end
    if redis.call('HEXISTS', key, 'returnvalue') == 1 then return { 'completed' } end
    return { 'failed', reason or '', stalls or '0' }
  end
  local starts, overdue = tonumber(started or 0), is_overdue(timestamp, opts, now)
  if redis.call('EXISTS', key .. ':lock') == 1 then return { overdue and starts <= 1 and 'claimed' or 'active' } end
  return { overdue and starts == 0 and 'overdue' or 'waiting' }
end
local states = {}
for i, key in ipairs(KEYS) do states[i] = state_of(key) end
return states
