-- Adds a job to its BullMQ queue with BullMQ's own script for its kind. A job without a priority of its own does not occur:
-- 1 is the first class. Every job is therefore in the sorted set `prioritized`, from which it is removed in O(log n).
--   queue_root  what the keys of the queue begin with
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
