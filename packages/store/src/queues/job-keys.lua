-- The hash of a job by its id alone: the id carries the number of its queue, and `queues` holds the names of all queues by
-- number (see registry.ts). Returns nil for an id that is not one of a job in this Redis.
local function job_keys(root)
  local names, queues = {}, redis.call('HGETALL', root .. 'queues')
  for i = 1, #queues, 2 do names[tonumber(queues[i + 1])] = queues[i] end
  return function(id)
    local name = names[tonumber(string.sub(id, -19, -17), 16) or -1]
    return name and root .. name .. ':' .. id
  end
end
