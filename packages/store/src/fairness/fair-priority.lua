-- The BullMQ priority of a new job that gives each tenant its share of the starts. The algorithm is start-time fair
-- queueing (Goyal, Vin and Cheng, 1996). The virtual time of a band is the smallest waiting tag, and it never
-- decreases. A job's tag is one step after the virtual time or after its tenant's last tag, whichever is later. A
-- tenant with twice the weight has half the step. When no job waits, the virtual time is the largest tag so far,
-- because the job with this tag has started. If more than half of the band is used by then, its tags start again at 0.
-- At the end of a band all jobs get the last tag, so they are first in, first out.
--   fair.tags         key of the tags of this band: a hash, from the tenant to its last tag
--   fair.band         0, 1, 2: high, normal, low
--   fair.width        the number of tags in a band
--   fair.step         the step of this tenant
--   fair.score        the difference in BullMQ's score for one step of priority
local function fair_priority(prioritized_key, tenant, fair)
  local first = fair.band * fair.width + 1
  local function score(priority) return string.format('%.0f', priority * fair.score) end
  local head = redis.call('ZRANGE', prioritized_key, score(first), '(' .. score(first + fair.width), 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  local known = redis.call('HMGET', fair.tags, ':now', ':largest', tenant)
  local largest, last = tonumber(known[2] or 0), tonumber(known[3] or 0)
  local now
  if head[2] then
    now = math.max(tonumber(known[1] or 0), math.floor(tonumber(head[2]) / fair.score) - first)
  elseif largest > fair.width / 2 then
    now, largest, last = 0, 0, 0
    redis.call('DEL', fair.tags)
  else
    now = largest
  end
  local tag = math.min(math.max(now, last) + fair.step, fair.width - 1)
  redis.call('HSET', fair.tags, ':now', now, tenant, tag, ':largest', math.max(tag, largest))
  return first + tag
end
