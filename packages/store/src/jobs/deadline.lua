-- Whether a job that has never started is past its deadline to start. The options hold the delay and, unless it is the
-- default of one day, the time within which the job must start. Both count from the timestamp. Only promptq writes the
-- options, and JSON escapes quotation marks in strings, so the patterns match members only.
local function is_overdue(timestamp, opts, now)
  local added_at = tonumber(timestamp)
  if not added_at or now <= added_at then return false end
  local delay = tonumber(string.match(opts or '', '"delay":(%d+)')) or 0
  local within = tonumber(string.match(opts or '', '"within":(%d+)')) or 86400
  return now > added_at + delay + within * 1000
end
