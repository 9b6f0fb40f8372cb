--[[
  Removes a tenant whose index is empty from the set of tenants that have an index.

  KEYS[1]  the numbers of the buckets of the tenant's index
  KEYS[2]  the tenants that have an index

  ARGV[1]  control (msgpack)
             tenant  the tenant

  Returns  1 when the tenant was removed, else 0.

  Atomic   all of it: a job may have been added since the caller checked.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
return redis.call('SREM', KEYS[2], control.tenant)
