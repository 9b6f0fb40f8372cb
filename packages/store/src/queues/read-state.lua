--[[
  Reads the state of a queue: how many jobs it has, how long the oldest has been waiting, whether it is paused.

  KEYS[1..8]  the queue's wait, prioritized, delayed, active, completed, failed, meta, limiter

  ARGV[1]  control (msgpack)
             queue_root         the prefix of the keys of the queue
             delayed_per_ms     the difference in BullMQ's score of delayed jobs for one millisecond
             priority_step      the difference in BullMQ's score of waiting jobs for one step of priority
             batch_score        the smallest score of a job of a batch, as a string
             classes            how many priorities are checked, separately for single jobs and for batches
             from_front         how many jobs at the front of the list `wait` are checked
             paused_mark        the value of the limiter while the pool is paused

  Returns  { wait, prioritized, delayed, active, completed, failed, paused, pool pause in milliseconds, now, jobs },
           where each job is { timestamp, opts, processedOn }: the first of its class.

  The lengths take O(1). Each place where the oldest job can be takes O(log n), so a long queue takes hardly longer than
  a short one.

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
