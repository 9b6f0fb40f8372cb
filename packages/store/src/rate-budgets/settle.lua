--[[
  Records the tokens that a call has spent. Tokens beyond the budget extend the window by the time in which the budget
  would have provided them.

  KEYS[1]  the tokens of this window

  ARGV[1]  control (msgpack)
             spent        the tokens of the call
             budget       the tokens of a window
             window       the length of a window, in milliseconds
             max_windows  the most windows that an overdraft lasts

  Returns  how many tokens are spent in this window.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local tokens, budget, window = control.spent, control.budget, control.window
local spent = redis.call('INCRBY', KEYS[1], tokens)
local left = spent == tokens and window or redis.call('PTTL', KEYS[1])
local overdrawn = math.max(0, spent - budget) - math.max(0, spent - tokens - budget)
redis.call('PEXPIRE', KEYS[1], math.floor(math.min(window * control.max_windows, left + overdrawn / budget * window)))
return spent
