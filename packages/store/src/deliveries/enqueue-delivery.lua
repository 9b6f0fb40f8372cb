-- Enqueues the delivery of one webhook event: a job of BullMQ's queue `webhooks`. An id that exists is left as it is, so an
-- event is enqueued once however often this runs.
--   trace  the trace that the event belongs to, as BullMQ keeps it, or nil
local function enqueue_delivery(root, id, event_type, data, trace, now)
  local queue_root = root .. 'webhooks:'
  local function key(suffix) return queue_root .. suffix end
  local opts = { attempts = 10, backoff = { type = 'webhook' }, tm = trace }
  return bullmq_addStandardJob({
    key('wait'), key('paused'), key('meta'), key('id'), key('completed'),
    key('delayed'), key('active'), key('events'), key('marker'),
  }, { cmsgpack.pack({ queue_root, id, event_type, now }), data, cmsgpack.pack(opts) })
end
