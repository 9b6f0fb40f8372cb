--[[
  Removes finished jobs of one state that are no longer kept, with BullMQ's own script.

  KEYS[1]  the queue's completed or failed
  KEYS[2]  the queue's events
  KEYS[3]  the queue's repeat

  ARGV[1]  control (msgpack)
             queue_root  what the keys of the queue begin with
             state       completed or failed
             keep        for how long such jobs are kept, in milliseconds
             limit       how many are removed at most

  Returns  how many were removed.

  BullMQ's script writes an event even when it removes nothing. So this one looks first, and trims the events: nobody reads
  them.

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
