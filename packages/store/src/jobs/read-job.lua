-- Reads a job and its state: 'active' (its lock exists), 'delayed', 'waiting', or 'overdue' (it waits, has never
-- started, and its deadline to start has passed). A finished job is 'waiting' as well; its hash says how it ended. A
-- fetched job that is overdue (see mark-overdue.lua) is 'waiting' until its worker has finished it.
local function read_job(job_key, queue_root, id, now)
  local fields = redis.call('HGETALL', job_key)
  if #fields == 0 then return false end
  local value = {}
  for i = 1, #fields, 2 do value[fields[i]] = fields[i + 1] end
  if value.finishedOn then return { fields, 'waiting', '' } end
  if redis.call('EXISTS', job_key .. ':lock') == 1 then
    local is_marked = string.sub(value.data or '', 1, 16) == '{"overdue":true,'
    return { fields, is_marked and 'waiting' or 'active', '' }
  end
  if (tonumber(value.ats) or 0) == 0 and is_overdue(value.timestamp, value.opts, now) then
    return { fields, 'overdue', '' }
  end
  local score = redis.call('ZSCORE', queue_root .. 'delayed', id)
  return { fields, score and 'delayed' or 'waiting', score or '' }
end
