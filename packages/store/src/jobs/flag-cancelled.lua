-- Flags a job for cancellation by adding a member at the beginning of its data. Decoding and encoding the data in Lua
-- would change it: an empty list becomes an object. A job that is already flagged keeps its first time.
-- Returns the time of the flag as a string; nil when promptq did not write the data.
local function flag_cancelled(job_key, data, at)
  if not data or string.sub(data, 1, 2) ~= '{"' then return nil end
  local first = string.match(data, '^{"cancel_requested_at":(%d+)')
  if first then return first end
  local moment = string.format('%.0f', at)
  redis.call('HSET', job_key, 'data', '{"cancel_requested_at":' .. moment .. ',' .. string.sub(data, 2))
  return moment
end
