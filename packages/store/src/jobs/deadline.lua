-- Whether a job that has never started may no longer start. Its options hold the delay and, unless it is the default of
-- one day, the time within which it has to start; both count from its timestamp. Options are written by promptq alone,
-- and a quotation mark inside one of their texts is escaped, so the patterns find the members themselves.
local function is_overdue(timestamp, opts, now)
  local added_at = tonumber(timestamp)
  if not added_at or now <= added_at then return false end
  local delay = tonumber(string.match(opts or '', '"delay":(%d+)')) or 0
  local within = tonumber(string.match(opts or '', '"within":(%d+)')) or 86400
  return now > added_at + delay + within * 1000
end
