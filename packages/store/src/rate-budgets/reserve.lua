--[[
  Reserves one request from a model's budget, unless the requests or the tokens of this window are spent.

  KEYS[1]  the requests of this window
  KEYS[2]  the tokens of this window

  ARGV[1]  control (msgpack)
             requests, tokens  the budgets of a window; 0: no limit
             window            the length of a window, in milliseconds

  Returns  0 when the request is reserved; otherwise the milliseconds until the window ends, and nothing is reserved.

  A window begins with the first request or tokens after the previous window has ended.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local function spent_for(key, budget)
  if budget == 0 or tonumber(redis.call('GET', key) or 0) < budget then return 0 end
  return math.max(1, redis.call('PTTL', key))
end
local wait = math.max(spent_for(KEYS[1], control.requests), spent_for(KEYS[2], control.tokens))
if wait == 0 and control.requests > 0 and redis.call('INCR', KEYS[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], control.window)
end
return wait
