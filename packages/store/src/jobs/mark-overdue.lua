-- Marks a fetched job that is past its deadline to start. Its worker fails it as expired and does not run it. The mark
-- is a member at the beginning of the job's data, so the worker needs no further read. `fetched` is BullMQ's reply to a
-- fetch: { fields of the job, id, ... }, or something else when there was no job.
local function mark_overdue(fetched, queue_root)
  if type(fetched) ~= 'table' or type(fetched[1]) ~= 'table' then return fetched end
  local fields, position = fetched[1], {}
  for i = 1, #fields, 2 do position[fields[i]] = i + 1 end
  local started, data = fields[position.ats or 0], fields[position.data or 0]
  if started ~= '1' or not data or string.sub(data, 1, 2) ~= '{"' then return fetched end
  if not is_overdue(fields[position.timestamp or 0], fields[position.opts or 0], now_ms()) then return fetched end
  local marked = '{"overdue":true,' .. string.sub(data, 2)
  redis.call('HSET', queue_root .. fetched[2], 'data', marked)
  fields[position.data] = marked
  return fetched
end
