--[[
  Lets another job probe the upstream, because the probe ended without a result.

  KEYS[1]  the job that probes the upstream

  ARGV[1]  control (msgpack)
             id  the job whose attempt ended

  Returns  1 when that job was the probe, else 0.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
if redis.call('GET', KEYS[1]) ~= control.id then return 0 end
return redis.call('DEL', KEYS[1])
