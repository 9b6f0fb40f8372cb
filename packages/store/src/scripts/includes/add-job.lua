-- Adds a job to its BullMQ queue with BullMQ's own script for delayed or prioritized jobs. Every job has a priority of
-- at least 1, so every waiting job is in the sorted set `prioritized`, from which it is removed in O(log n).
--   queue_root  the prefix of the keys of the queue
--   opts        BullMQ's options of the job, with `priority` and, for a delayed job, `delay` in milliseconds
--   data        the job's data as JSON text
--   timestamp   when the job was added, by the clock of Redis
local function add_job(queue_root, id, name, opts, data, timestamp)
  local ARGV = { cmsgpack.pack({ queue_root, id, name, timestamp }), data, cmsgpack.pack(opts) }
  local function key(suffix) return queue_root .. suffix end
  if opts.delay and opts.delay > 0 then
    return bullmq_addDelayedJob({ key('marker'), key('meta'), key('id'), key('delayed'), key('completed'), key('events') }, ARGV)
  end
  return bullmq_addPrioritizedJob({
    key('marker'), key('meta'), key('id'), key('prioritized'), key('delayed'),
    key('completed'), key('active'), key('events'), key('pc'),
  }, ARGV)
end
