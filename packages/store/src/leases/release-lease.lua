--[[
  Releases a lease, so that another process need not wait until it expires.

  KEYS[1]  the lease

  ARGV[1]  control (msgpack)
             holder  the name of the caller

  Returns  1 when the caller held the lease, 0 when it did not.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
if redis.call('GET', KEYS[1]) ~= control.holder then return 0 end
return redis.call('DEL', KEYS[1])
