--[[
  Reads a delivery with its tries.

  KEYS[1]  the delivery's hash
  KEYS[2]  the list of its tries
  KEYS[3]  the sorted set of the deliveries that wait for their next try

  ARGV[1]  control (msgpack)
             id  the id of the delivery

  Returns  { { data, timestamp, finishedOn, returnvalue }, the tries as JSON, score in KEYS[3] or nil }. `data` is nil
           when there is no such delivery.

  Atomic   all of it. The script writes nothing.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local fields = redis.call('HMGET', KEYS[1], 'data', 'timestamp', 'finishedOn', 'returnvalue')
return { fields, redis.call('LRANGE', KEYS[2], 0, -1), redis.call('ZSCORE', KEYS[3], control.id) }
