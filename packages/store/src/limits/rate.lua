--[[
  Counts a request in a fixed window, unless it replays a submission.

  KEYS[1]  the requests of this window
  KEYS[2]  the record of the request's Idempotency-Key; left out when it has none

  ARGV[1]  control (msgpack)
             window  the length of a window, in milliseconds

  Returns  { 1 }                        the Idempotency-Key was used before; the request is not counted
           { 0, count, milliseconds }   how many requests this window has, and how long it still lasts

  A replay is not limited, because its client would only ask again. A request above the limit is counted and does not
  extend the window. The window begins with its first request.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
if KEYS[2] and redis.call('EXISTS', KEYS[2]) == 1 then return { 1 } end
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], control.window)
  left = control.window
end
return { 0, count, left }
