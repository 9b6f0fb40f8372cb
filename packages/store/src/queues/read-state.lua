--[[
  Reads the state of a queue: how many jobs it has, how long the oldest has been waiting, whether it is paused.

  KEYS[1..8]  the queue's wait, prioritized, delayed, active, completed, failed, meta, limiter

  ARGV[1]  control (msgpack)
             queue_root         what the keys of the queue begin with
             delayed_per_ms     what BullMQ's score of a delayed job counts for a millisecond
             priority_step      what BullMQ's score of a waiting job counts for one step of priority
             batch_score        where the scores of the jobs of batches begin, as a string
             classes            how many priorities are looked at, of single jobs and of batches each
             from_front         how many jobs at the front of the list `wait` are looked at
             paused_mark        what the limiter holds while the pool is paused

  Returns  { wait, prioritized, delayed, active, completed, failed, paused, pool pause in milliseconds, now, jobs }, where
           each job is { timestamp, opts, processedOn }: the first of its class.

  The lengths cost O(1). The oldest jobs are looked for where they can be, in O(log n) each, so a long queue costs no more
  than a short one.

  Atomic   all of it.
  Touches, beyond KEYS: the hashes of the jobs that it returns. It writes nothing.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ../scripts/includes/redis-time.lua
local wait, prioritized, delayed, active, completed, failed, meta, limiter = unpack(KEYS)
local now = now_ms()
local oldest = redis.call('LRANGE', wait, -control.from_front, -1)

local function add_first_of_classes(from, to)
  for _ = 1, control.classes do
    local first = redis.call('ZRANGEBYSCORE', prioritized, from, to, 'WITHSCORES', 'LIMIT', 0, 1)
    if #first == 0 then return end
    oldest[#oldest + 1] = first[1]
    from = string.format('%.0f', (math.floor(tonumber(first[2]) / control.priority_step) + 1) * control.priority_step)
  end
end
add_first_of_classes('-inf', '(' .. control.batch_score)
add_first_of_classes(control.batch_score, '+inf')
local due = string.format('%.0f', now * control.delayed_per_ms)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', due, 'LIMIT', 0, 1)) do oldest[#oldest + 1] = id end

local jobs = {}
for _, id in ipairs(oldest) do
  local fields = redis.call('HMGET', control.queue_root .. id, 'timestamp', 'opts', 'processedOn')
  if fields[1] then jobs[#jobs + 1] = { fields[1], fields[2] or '{}', fields[3] or '0' } end
end
local pause = redis.call('GET', limiter) == control.paused_mark and redis.call('PTTL', limiter) or 0
return {
  redis.call('LLEN', wait), redis.call('ZCARD', prioritized), redis.call('ZCARD', delayed),
  redis.call('LLEN', active), redis.call('ZCARD', completed), redis.call('ZCARD', failed),
  redis.call('HEXISTS', meta, 'paused'), pause, now, jobs,
}
