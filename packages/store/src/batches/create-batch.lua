--[[
  Turns an upload into a batch in one step: the workers see either nothing of it or all of it.

  KEYS[1]  the record of the batch
  KEYS[2]  the list of its requests that are not jobs yet
  KEYS[3]  the hash of its results
  KEYS[4]  the list of the upload
  KEYS[5]  the results of the upload
  KEYS[6]  the sorted set of unfinished batches
  KEYS[7]  the record of the Idempotency-Key; absent without one

  ARGV[1]  control (msgpack)
             root         the prefix of all keys
             id           the id of the batch
             total        how many requests the upload has
             created_at   milliseconds since 1970
             fields       further fields of the record: a map of strings
             key_ttl      milliseconds for which the record of the key is kept at most while the batch is unfinished
  ARGV[2]  the metadata as JSON

  Returns  { 'created' }
           { 'replayed', id, fingerprint }  a batch was created with this Idempotency-Key and is still kept; the upload
                                            is removed
           { 'lost' }                       the upload is missing or incomplete

  Atomic   all of it. When Redis is full, the first write (the record) fails and the script writes nothing. If it is
           sent twice because the reply was lost, it creates one batch.
  Touches, beyond KEYS: <root>batch:<id> of a replayed batch.
]]
local control = cmsgpack.unpack(ARGV[1])
local batch, waiting, results, staged_waiting, staged_results, open, idempotency_record = unpack(KEYS)

-- The same call was sent twice.
if redis.call('EXISTS', batch) == 1 then return { 'created' } end

local held = idempotency_record and redis.call('GET', idempotency_record)
local fingerprint = held and redis.call('HGET', control.root .. 'batch:' .. held, 'fingerprint')
if fingerprint then
  redis.call('UNLINK', staged_waiting, staged_results)
  return { 'replayed', held, fingerprint }
end

if redis.call('LLEN', staged_waiting) ~= control.total then return { 'lost' } end
local fields = {}
for name, value in pairs(control.fields) do
  fields[#fields + 1] = name
  fields[#fields + 1] = value
end
redis.call('HSET', batch, 'total', control.total, 'left', control.total, 'released', 0,
  'created_at', string.format('%.0f', control.created_at), 'metadata', ARGV[2], unpack(fields))
redis.call('ZADD', open, string.format('%.0f', control.created_at), control.id)
redis.call('RENAME', staged_waiting, waiting)
redis.call('RENAME', staged_results, results)
redis.call('PERSIST', waiting)
redis.call('PERSIST', results)
if idempotency_record then redis.call('SET', idempotency_record, control.id, 'PX', control.key_ttl) end
return { 'created' }
