--[[
  Replaces a bucket of an index with the entries that remain, unless something was appended since it was read.

  KEYS[1]  the bucket
  KEYS[2]  the numbers of the buckets of this index

  ARGV[1]  control (msgpack)
             bucket  the bucket's number, as a string
             length  the length of the bucket when it was read
  ARGV[2]  the entries that remain; '' removes the bucket

  Returns  1, or 0 when something was appended.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
if redis.call('STRLEN', KEYS[1]) ~= control.length then return 0 end
if ARGV[2] ~= '' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('UNLINK', KEYS[1])
  redis.call('ZREM', KEYS[2], control.bucket)
end
return 1
