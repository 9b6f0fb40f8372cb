--[[
  Reads the version of the data in this Redis. It writes the version into a Redis that has no promptq data.

  KEYS[1]     the version
  KEYS[2...]  keys of version 1, which had no version key

  ARGV[1]  control (msgpack)
             version  the version that the caller supports

  Returns  the version of the data; '1' when there is data without a version.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local version = redis.call('GET', KEYS[1])
if version then return version end
if redis.call('EXISTS', unpack(KEYS, 2)) > 0 then return '1' end
redis.call('SET', KEYS[1], control.version)
return control.version
