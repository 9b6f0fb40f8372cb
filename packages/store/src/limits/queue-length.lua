-- Whether a queue has room for another job that was submitted alone. Jobs of batches, whose scores are at least
-- `batch_score`, do not count, because only a limited number of them is released at a time.
local function has_queue_room(queue_root, max, batch_score)
  local wait = redis.call('LLEN', queue_root .. 'wait')
  if wait + redis.call('ZCARD', queue_root .. 'prioritized') < max then return true end
  return wait + redis.call('ZCOUNT', queue_root .. 'prioritized', '-inf', '(' .. batch_score) < max
end
