-- The BullMQ priority of a new job such that each tenant has its share of the starts: start-time fair queueing (Goyal, Vin
-- and Cheng, 1996). Virtual time of a band is the smallest tag that waits, and never goes back. A job's tag is one step
-- after virtual time or after its tenant's last tag, whichever is later; a tenant of twice the weight takes half the step.
-- When nothing waits, virtual time is the largest tag that was given: the job that has it was started. A band that is half
-- used up starts again then. At its end all tags are the last one, so jobs are first in, first out.
--   fair.tags         key of the tags of this band: a hash, from the tenant to its last tag
--   fair.band         0, 1, 2: high, normal, low
--   fair.width        how many tags a band has
--   fair.step         the step of this tenant
--   fair.score        what BullMQ's score counts for one step of priority
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
