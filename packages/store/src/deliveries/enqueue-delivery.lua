-- Enqueues the delivery of one webhook event as a job of BullMQ's queue `webhooks`. Idempotent: BullMQ ignores an id
-- that exists.
--   trace  the trace of the event in the form that BullMQ stores, or nil
local function enqueue_delivery(root, id, event_type, data, trace, now)
  local queue_root = root .. 'webhooks:'
  local function key(suffix) return queue_root .. suffix end
  local opts = { attempts = 10, backoff = { type = 'webhook' }, tm = trace }
  return bullmq_addStandardJob({
    key('wait'), key('paused'), key('meta'), key('id'), key('completed'),
    key('delayed'), key('active'), key('events'), key('marker'),
  }, { cmsgpack.pack({ queue_root, id, event_type, now }), data, cmsgpack.pack(opts) })
end
