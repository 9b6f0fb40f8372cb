-- Reads the record of a batch and how many of its jobs are active, so that the counts are consistent. The lists of
-- active jobs are never longer than the concurrency of all workers together. A job's id contains its batch: see
-- batch-id.ts.
--   active_lists  the keys of the lists of active jobs, from the second on
--   time, tail    the first 12 and the last 11 hexadecimal digits of the ids of the batch and of its jobs
-- Returns { record as a flat list, active }, or false when there is no such batch.
local function read_batch(key, active_lists, time, tail)
  local record = redis.call('HGETALL', key)
  if #record == 0 then return false end
  local active = 0
  for i = 2, #active_lists do
    for _, id in ipairs(redis.call('LRANGE', active_lists[i], 0, -1)) do
      -- The id of a batch's job is a UUID of version 8.
      if string.sub(id, -32, -20) == time .. '8' and string.sub(id, -11) == tail then active = active + 1 end
    end
  end
  return { record, active }
end
