--[[
  Pauses all workers of a queue with BullMQ's limiter, as `worker.rateLimit` does, but never shortens a pause.

  KEYS[1]  the queue's limiter
  KEYS[2]  how many times in a row the upstream has rate-limited calls

  ARGV[1]  control (msgpack)
             asked        the pause that the upstream asked for, in milliseconds; or -1
             first, max   the first and the longest pause when the upstream asked for none, in milliseconds
             streak       a streak ends after this many milliseconds without a rate limit
             paused_mark  what the limiter holds while the pool is paused

  Returns  { pause, is_new }: the remaining pause of the pool in milliseconds; 1 when this call began the pause.

  When the upstream asked for no pause: a rate limit during a pause changes nothing, because the call was made before
  the pause. Each rate limit after a pause makes the next pause twice as long.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local left = redis.call('GET', KEYS[1]) == control.paused_mark and redis.call('PTTL', KEYS[1]) or 0
local pause = control.asked
if pause < 0 then
  if left > 0 then return { left, 0 } end
  local rate_limits = redis.call('INCR', KEYS[2])
  redis.call('PEXPIRE', KEYS[2], control.streak)
  pause = math.min(control.max, control.first * 2 ^ math.min(rate_limits - 1, 20))
end
if pause <= left then return { left, 0 } end
redis.call('SET', KEYS[1], control.paused_mark, 'PX', math.floor(pause))
return { pause, left > 0 and 0 or 1 }
