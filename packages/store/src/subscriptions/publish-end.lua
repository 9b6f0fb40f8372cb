-- Publishes the end of a job: see wake-up.ts. When the channel has subscribers, the message contains the fields of the
-- job, unless they are large, so that a waiting client is answered without another read. Each field is encoded as a
-- JSON string; the JSON inside it does not change.
local max_published_bytes = 65536
local function publish_end(root, id, job_key, status)
  local channel = root .. 'live:' .. id
  local message = '{"job_id":"' .. id .. '","status":"' .. status .. '","event_id":"evt_' .. id .. '"'
  if redis.call('PUBSUB', 'NUMSUB', channel)[2] > 0 then
    local fields, size = redis.call('HGETALL', job_key), 0
    for _, field in ipairs(fields) do size = size + #field end
    if size <= max_published_bytes then
      for i, field in ipairs(fields) do fields[i] = cjson.encode(field) end
      message = message .. ',"fields":[' .. table.concat(fields, ',') .. ']'
    end
  end
  redis.call('PUBLISH', channel, message .. '}')
end
