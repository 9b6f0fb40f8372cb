-- Whether a queue has room for another job that was submitted alone. Jobs of batches do not count: they are released a few
-- at a time. Their scores begin at `batch_score`.
local function has_queue_room(queue_root, max, batch_score)
  local wait = redis.call('LLEN', queue_root .. 'wait')
  if wait + redis.call('ZCARD', queue_root .. 'prioritized') < max then return true end
  return wait + redis.call('ZCOUNT', queue_root .. 'prioritized', '-inf', '(' .. batch_score) < max
end
