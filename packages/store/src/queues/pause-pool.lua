--[[
  Pauses all workers of a queue with BullMQ's limiter, as `worker.rateLimit` does, but never shortens a pause.

  KEYS[1]  the queue's limiter
  KEYS[2]  how many times in a row the upstream has rate-limited calls

  ARGV[1]  control (msgpack)
             asked        for how many milliseconds the upstream asked, or -1
             first, max   the first and the longest pause without such a request, in milliseconds
             streak       a streak ends after this many milliseconds without a rate limit
             paused_mark  what the limiter holds while the pool is paused

  Returns  { pause, is_new }: for how many milliseconds the pool is paused now; 1 when this call began the pause.

  Without a time from the upstream, a call that is rate-limited during a pause changes nothing, because it was made before the
  pause. One after the pause makes the next pause twice as long.

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
