--[[
  Notes in the record of a batch how many of its requests, the first ones, were cancelled.

  KEYS[1]  the record of the batch

  ARGV[1]  control (msgpack)
             from, to  the requests from index `from` to before index `to` were cancelled

  Returns  how many are noted now. Nothing changes when requests before `from` are still to be cancelled, or the batch is
           gone.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local known = tonumber(redis.call('HGET', KEYS[1], 'cancel_propagated') or 0)
if control.from > known or control.to <= known or redis.call('EXISTS', KEYS[1]) == 0 then return known end
redis.call('HSET', KEYS[1], 'cancel_propagated', control.to)
return control.to
