-- The clock of Redis, in milliseconds since 1970. Every deadline is compared with this clock and with no other.
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
