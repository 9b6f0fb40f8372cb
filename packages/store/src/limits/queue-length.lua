-- Whether a queue has room for another job that was submitted alone. Jobs of batches do not count, because only a
-- limited number of them is released at a time. Their smallest score is their smallest priority
-- (fairness/priorities.ts) times BullMQ's score for one step of priority.
local batch_score = '9007130535264256'
local function has_queue_room(queue_root, max)
  local wait = redis.call('LLEN', queue_root .. 'wait')
  if wait + redis.call('ZCARD', queue_root .. 'prioritized') < max then return true end
  return wait + redis.call('ZCOUNT', queue_root .. 'prioritized', '-inf', '(' .. batch_score) < max
end
