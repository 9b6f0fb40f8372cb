-- Writes the result of a finished job into its batch and counts it. A batch counts each request once: until then, its
-- line in the results is the pending mark. The last request ends the batch: `finished_at` is set, the keys of the batch
-- and the record of its Idempotency-Key expire, and its webhook event is enqueued.
--   batch.id, batch.index  the batch, and the index of the request in it
--   status                 the terminal status of the job
--   result                 the line of the result without `custom_id`, which the pending mark holds
--   ttl                    seconds for which a finished batch is kept
-- Returns the id of the batch if this request ended it, else ''.
local function batch_event(id, record, now)
  local counts = string.format(
    '{"total":%d,"queued":0,"in_progress":0,"completed":%d,"failed":%d,"cancelled":%d,"expired":%d}',
    record.total, record.completed or 0, record.failed or 0, record.cancelled or 0, record.expired or 0)
  local status = record.cancel_requested_at and 'cancelled' or 'completed'
  local event_id, type = 'evt_' .. id, 'batch.' .. status
  local body = '{"id":"' .. event_id .. '","object":"event","type":"' .. type .. '","created_at":'
    .. math.floor(now / 1000) .. ',"data":{"id":"' .. id .. '","object":"batch","status":"' .. status
    .. '","request_counts":' .. counts .. ',"metadata":' .. record.metadata .. '}}'
  -- Only strings are encoded here. The metadata is JSON already.
  local data = '{"url":' .. cjson.encode(record.webhook_url) .. ',"job_id":"' .. id .. '","tenant":' .. cjson.encode(record.tenant or 'default')
    .. ',"own_secret":' .. (record.own_secret == '1' and 'true' or 'false') .. ',"event_id":"' .. event_id
    .. '","event_type":"' .. type .. '","body":' .. cjson.encode(body) .. '}'
  return { type = type, data = data }
end

local function count_result(root, batch, status, result, ttl, now)
  local key = root .. 'batch:' .. batch.id
  local results = key .. ':results'
  local pending = redis.call('HGET', results, batch.index)
  if not pending or string.sub(pending, 1, 1) == '{' then return '' end
  redis.call('HSET', results, batch.index, '{"custom_id":' .. string.sub(pending, 2) .. ',' .. result)
  redis.call('HINCRBY', key, status, 1)
  if redis.call('HINCRBY', key, 'left', -1) > 0 then return '' end
  redis.call('HSET', key, 'finished_at', string.format('%.0f', now))
  redis.call('ZREM', root .. 'batches', batch.id)
  local record, fields = {}, redis.call('HGETALL', key)
  for i = 1, #fields, 2 do record[fields[i]] = fields[i + 1] end
  for _, each in ipairs({ key, results, key .. ':waiting' }) do redis.call('EXPIRE', each, ttl) end
  local scope = record.idempotency_scope
  if scope and scope ~= '' and redis.call('GET', root .. 'idempotency:' .. scope) == batch.id then
    redis.call('EXPIRE', root .. 'idempotency:' .. scope, ttl)
  end
  if record.webhook_url and record.webhook_url ~= '' then
    local event = batch_event(batch.id, record, now)
    enqueue_delivery(root, 'dlv_' .. batch.id, event.type, event.data, nil, now)
  end
  return batch.id
end
