--[[
  Gives each queue a number from 1 to 4095. A number is allocated once and never reused, because it is part of the ids
  of the queue's jobs.

  KEYS[1]  the hash of all queues, from name to number

  ARGV[1]  control (msgpack)
             queues  a list of { name, number }; the number is the one that the caller knows, or 0

  When Redis has lost a number that the caller knows, it is registered again, because clients may have ids with that
  number.

  Returns  the whole hash as a flat list.

  Atomic   all of it.
  Touches nothing beyond KEYS.
]]
local control = cmsgpack.unpack(ARGV[1])
local used, largest = {}, 0
local known = redis.call('HGETALL', KEYS[1])
for i = 1, #known, 2 do
  local number = tonumber(known[i + 1])
  used[number] = known[i]
  largest = math.max(largest, number)
end
for _, queue in ipairs(control.queues) do
  if redis.call('HEXISTS', KEYS[1], queue.name) == 0 then
    local number = queue.number
    if number == 0 or used[number] then number = largest + 1 end
    if number > 4095 then return redis.error_reply('ERR all 4095 queue numbers are in use') end
    redis.call('HSET', KEYS[1], queue.name, number)
    used[number], largest = queue.name, math.max(largest, number)
  end
end
return redis.call('HGETALL', KEYS[1])
