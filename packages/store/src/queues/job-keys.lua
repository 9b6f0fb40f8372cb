-- Finds the key of a job's hash from its id alone. The id contains the number of its queue, and `queues` maps names to
-- numbers (see registry.ts). Returns nil for an id that cannot belong to a job in this Redis.
local function job_keys(root)
  local names, queues = {}, redis.call('HGETALL', root .. 'queues')
  for i = 1, #queues, 2 do names[tonumber(queues[i + 1])] = queues[i] end
  return function(id)
    local name = names[tonumber(string.sub(id, -19, -17), 16) or -1]
    return name and root .. name .. ':' .. id
  end
end
