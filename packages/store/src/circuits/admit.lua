--[[
  Asks whether an attempt may call the upstream. While the circuit is open, one attempt of the whole pool may, the probe,
  and none during a pause: BullMQ also starts jobs then that it had fetched before.

  KEYS[1]  how many attempts in a row have failed
  KEYS[2]  the job that probes the upstream
  KEYS[3]  the queue's limiter

  ARGV[1]  control (msgpack)
             id           the job that asks
             threshold    failures in a row that open the circuit
             probe        a probe that does not end within so many milliseconds was lost with its process
             retry        after how many milliseconds the others ask again
             paused_mark  what the limiter holds while the pool is paused

  Returns  after how many milliseconds to ask again; 0: the attempt may call.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
if tonumber(redis.call('GET', KEYS[1]) or 0) < control.threshold then return 0 end
if redis.call('GET', KEYS[2]) == control.id then return 0 end
if redis.call('GET', KEYS[3]) == control.paused_mark then return redis.call('PTTL', KEYS[3]) end
return redis.call('SET', KEYS[2], control.id, 'NX', 'PX', control.probe) and 0 or control.retry
