--[[
  Appends an audit event about a delivery, at most one for each delivery.

  KEYS[1]  the delivery's hash
  KEYS[2]  the stream of audit events

  ARGV[1]  control (msgpack)
             job_id  the job, or the batch, that the delivery is about
             type    the type of the event
  ARGV[2]  the audit event as JSON

  Returns  1 when it was appended; 0 when the delivery already has one or no longer exists.

  Atomic   the event and the field `audited` of the delivery, which holds the id of the entry in the stream. When Redis
           is full, the first write (the event) fails and the script writes nothing.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
if redis.call('HEXISTS', KEYS[1], 'data') == 0 or redis.call('HEXISTS', KEYS[1], 'audited') == 1 then return 0 end
local entry = redis.call('XADD', KEYS[2], '*', 'job_id', control.job_id, 'type', control.type, 'event', ARGV[2])
redis.call('HSET', KEYS[1], 'audited', entry)
return 1
