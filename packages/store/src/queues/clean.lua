--[[
  Removes finished jobs of one state that are no longer kept, with BullMQ's own script.

  KEYS[1]  the queue's completed or failed
  KEYS[2]  the queue's events
  KEYS[3]  the queue's repeat

  ARGV[1]  control (msgpack)
             queue_root  the prefix of the keys of the queue
             state       completed or failed
             keep        milliseconds for which such jobs are kept
             limit       the maximum number of jobs to remove

  Returns  how many were removed.

  BullMQ's script writes an event even when it removes nothing. So this script checks first whether there is anything to
  remove. It trims the event stream, because nothing reads it.

  Atomic   all of it.
  Touches, beyond KEYS: the hashes of the removed jobs and the keys that BullMQ keeps beside them.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ../scripts/includes/redis-time.lua
--- @bullmq cleanJobsInSet
local oldest = string.format('%.0f', now_ms() - control.keep)
if #redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', oldest, 'LIMIT', 0, 1) == 0 then return 0 end
local removed = bullmq_cleanJobsInSet(KEYS, { control.queue_root, oldest, control.limit, control.state })
redis.call('XTRIM', KEYS[2], 'MAXLEN', 0)
return #removed
