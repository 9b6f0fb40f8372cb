--[[
  Decides whether an attempt may call the upstream. While the circuit is open, only one attempt of the whole pool may:
  the probe. During a pause no attempt may. BullMQ can start jobs during a pause that it had fetched before.

  KEYS[1]  how many attempts in a row have failed
  KEYS[2]  the job that probes the upstream
  KEYS[3]  the queue's limiter

  ARGV[1]  control (msgpack)
             id           the job of the attempt
             threshold    failures in a row that open the circuit
             probe        milliseconds after which a probe that has not ended counts as lost with its process
             retry        milliseconds after which other attempts ask again
             paused_mark  what the limiter holds while the pool is paused

  Returns  0 when the attempt may call the upstream; otherwise the milliseconds after which to ask again.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
if tonumber(redis.call('GET', KEYS[1]) or 0) < control.threshold then return 0 end
if redis.call('GET', KEYS[2]) == control.id then return 0 end
if redis.call('GET', KEYS[3]) == control.paused_mark then return redis.call('PTTL', KEYS[3]) end
return redis.call('SET', KEYS[2], control.id, 'NX', 'PX', control.probe) and 0 or control.retry
