-- Marks a fetched job that is past its deadline to start. Its worker fails it as expired and does not run it. The mark
-- is a member at the beginning of the job's data, so the worker needs no further read. `fetched` is BullMQ's reply to a
-- fetch: { fields of the job, id, ... }, or something else when there was no job.
local function mark_overdue(fetched, queue_root)
  if type(fetched) ~= 'table' or type(fetched[1]) ~= 'table' then return fetched end
  local fields, started, data_at, timestamp, opts = fetched[1], nil, nil, nil, nil
  for i = 1, #fields, 2 do
    local name = fields[i]
    if name == 'ats' then started = fields[i + 1]
    elseif name == 'data' then data_at = i + 1
    elseif name == 'timestamp' then timestamp = fields[i + 1]
    elseif name == 'opts' then opts = fields[i + 1] end
  end
  if started ~= '1' or not data_at or not is_overdue(timestamp, opts, now_ms()) then return fetched end
  local data = fields[data_at]
  if string.sub(data, 1, 2) ~= '{"' then return fetched end
  local marked = '{"overdue":true,' .. string.sub(data, 2)
  redis.call('HSET', queue_root .. fetched[2], 'data', marked)
  fields[data_at] = marked
  return fetched
end
