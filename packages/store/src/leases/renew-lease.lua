--[[
  Takes a lease that is free, or renews it for its holder.

  KEYS[1]  the lease

  ARGV[1]  control (msgpack)
             holder  the name of the caller
             ttl     milliseconds for which the lease is held

  Returns  1 when the caller holds the lease, 0 when another does.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= control.holder then return 0 end
redis.call('SET', KEYS[1], control.holder, 'PX', control.ttl)
return 1
