--[[
  Records how many of the first requests of a batch were cancelled.

  KEYS[1]  the record of the batch

  ARGV[1]  control (msgpack)
             from, to  the requests from index `from` to before index `to` were cancelled

  Returns  the recorded number. It does not change when requests before `from` are still to be cancelled, or when the
           batch does not exist.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local known = tonumber(redis.call('HGET', KEYS[1], 'cancel_propagated') or 0)
if control.from > known or control.to <= known or redis.call('EXISTS', KEYS[1]) == 0 then return known end
redis.call('HSET', KEYS[1], 'cancel_propagated', control.to)
return control.to
