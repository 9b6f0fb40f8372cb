--[[
  Counts a failure of the upstream. From the threshold on, each failure pauses all workers of the queue, longer each
  time.

  KEYS[1]  how many attempts in a row have failed
  KEYS[2]  the job that probes the upstream
  KEYS[3]  the queue's limiter

  ARGV[1]  control (msgpack)
             id           the job whose attempt failed
             threshold    failures in a row that open the circuit
             first, max   the first and the longest pause, in milliseconds
             streak       a streak ends after this many milliseconds without a failure
             paused_mark  what the limiter holds while the pool is paused

  Returns  { pause, is_new }: the remaining pause of the pool in milliseconds, or -1 while the circuit is closed; 1 when
           this call began the pause.

  A failure during a pause does not count, because its call was made before the circuit opened. A failure of the probe
  counts.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local is_probe = redis.call('GET', KEYS[2]) == control.id
if not is_probe and redis.call('GET', KEYS[3]) == control.paused_mark then return { redis.call('PTTL', KEYS[3]), 0 } end
local failures = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], control.streak)
redis.call('DEL', KEYS[2])
local over = failures - control.threshold
if over < 0 then return { -1, 0 } end
local pause = math.floor(math.min(control.max, control.first * 2 ^ math.min(over, 20)))
redis.call('SET', KEYS[3], control.paused_mark, 'PX', pause)
return { pause, 1 }
