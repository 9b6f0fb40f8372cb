--[[
  Counts a request whose job was removed by hand as failed. Otherwise its batch would never end.

  KEYS[1]  the record of the batch
  KEYS[2]  the hash of its results
  KEYS[3]  the hash of the job
  KEYS[4]  the stream of audit events

  ARGV[1]  control (msgpack)
             root        the prefix of all keys
             job_id      the id of the job
             batch       { id, index }: the batch, and the index of the request in it, as a string
             ttl         seconds for which a finished batch is kept
             event_type  the type of the audit event
  ARGV[2]  the line of the result without `custom_id`
  ARGV[3]  the audit event as JSON

  Returns  { 'corrected', batch }  the id of the batch that ended with this request, or ''
           { 'unchanged' }         the job exists, was not released, or has a result

  Atomic   all of it. When Redis is full, the first write (the result) fails and the script writes nothing. If it is
           sent twice because the reply was lost, it counts the request once.
  Touches, beyond KEYS: <root>webhooks:* (BullMQ), <root>batch:<id>:waiting, <root>batches, <root>idempotency:<scope>.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ../scripts/includes/redis-time.lua
--- @bullmq addStandardJob
--- @include ../deliveries/enqueue-delivery.lua
--- @include ./count-result.lua
local pending = redis.call('HGET', KEYS[2], control.batch.index)
local released = tonumber(redis.call('HGET', KEYS[1], 'released') or 0)
if not pending or string.sub(pending, 1, 1) == '{' or tonumber(control.batch.index) >= released
  or redis.call('EXISTS', KEYS[3]) == 1 then
  return { 'unchanged' }
end
local ended_batch = count_result(control.root, control.batch, 'failed', ARGV[2], control.ttl, now_ms())
redis.call('XADD', KEYS[4], '*', 'job_id', control.job_id, 'type', control.event_type, 'event', ARGV[3])
return { 'corrected', ended_batch }
