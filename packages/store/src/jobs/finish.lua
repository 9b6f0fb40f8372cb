--[[
  Makes a job terminal, with everything that follows from it. Every way to end a job uses this script: completed,
  failed, cancelled, expired, or stalled too often; in a batch or alone; by a worker that ran it, or while it waits in
  the queue.

  KEYS[1]      the job's hash; the script builds the 14 keys of BullMQ's moveToFinished, which takes less time than
               sending them
  ARGV[1..9]   as in BullMQ's moveToFinished-14
  ARGV[10]     control (msgpack)
                 status             completed, failed, cancelled or expired
                 audit_from         the oldest audit event to keep, in milliseconds since 1970; 0: trim nothing
                 ttl                seconds for which finished jobs and batches are kept
                 tenant             the tenant that has a slot for this job; or nil
                 idempotency_scope  of a job with an Idempotency-Key; or nil
                 batch              { id, index }, or nil
                 delivery_type      the type of the webhook event; or nil
                 trace              the trace that the job was submitted in; or nil
                 has_checkpoints    whether the job may have checkpoints; or nil
                 waiting            for a job that no worker runs, or nil:
                   lock             the duration of the lock under which it is finished, in milliseconds
                   started, made    how many attempts had been started and made when the caller read the job
                   overdue          whether the job must be overdue
                   cancelled_at     when a client requested its cancellation, in milliseconds since 1970; or nil
  ARGV[11]     the audit event as JSON
  ARGV[12]     the data of the delivery as JSON; '' without a webhook
  ARGV[13]     the line of the result in the batch without `custom_id`; '' for a job that is in no batch

  Returns  { error code }     of moveToFinished, below 0; nothing else was written. -1: there is no such job; -2, -6: the
                              lock does not exist, or is another worker's; -3: the job is not active.
           { result, batch }  the result of moveToFinished (0, or the next job that was fetched), and the id of the
                              batch that this job ended, or ''.
           { 'running' }      for a waiting job: a worker has it now.
           { 'changed' }      for a waiting job: it has changed since the caller read it.

  Atomic   all of it. When Redis is full, it still runs to its end, because it deletes the lock and the queue entry
           before it writes. If it is sent twice because the reply was lost, it returns an error code and writes
           nothing.
  Touches, beyond KEYS: the keys of the queue (BullMQ), <root>audit, <root>webhooks:* (BullMQ), <root>batch:<id>*,
           <root>batches, <root>open:<tenant>, <root>idempotency:<scope>, <root>parts:<id>, and the channel
           <root>live:<id>.
]]
local control = cmsgpack.unpack(ARGV[10])
--- @include ../scripts/includes/redis-time.lua
--- @include ./deadline.lua
--- @include ./mark-overdue.lua
--- @include ./flag-cancelled.lua
--- @include ../subscriptions/publish-end.lua
--- @bullmq addStandardJob
--- @include ../deliveries/enqueue-delivery.lua
--- @include ../batches/count-result.lua
--- @bullmq moveToFinished
-- `root` is the prefix of all keys; ARGV[7] is <root><queue>:.
local id, queue_root = ARGV[1], ARGV[7]
local root = string.match(queue_root, '^{[^}]*}:')

-- Removes a waiting job from its set and makes it active under a lock of this call, as moveToFinished expects it. A job
-- that a worker has, or that has changed since it was read, does not change.
local function take_waiting(job_key, waiting)
  local found = redis.call('HMGET', job_key, 'ats', 'atm', 'finishedOn', 'timestamp', 'opts')
  if not found[4] then return -1 end
  if redis.call('EXISTS', job_key .. ':lock') == 1 then return 'running' end
  if found[3] or tonumber(found[1] or 0) ~= waiting.started or tonumber(found[2] or 0) ~= waiting.made then return 'changed' end
  if waiting.overdue and not is_overdue(found[4], found[5], now_ms()) then return 'changed' end
  local removed = redis.call('ZREM', queue_root .. 'prioritized', id) + redis.call('ZREM', queue_root .. 'delayed', id)
  if removed == 0 then removed = redis.call('LREM', queue_root .. 'wait', 1, id) end
  -- The job is active and its lock has expired, because its worker died. BullMQ will move it back to the queue.
  if removed == 0 then return 'running' end
  redis.call('LPUSH', queue_root .. 'active', id)
  if waiting.cancelled_at then flag_cancelled(job_key, redis.call('HGET', job_key, 'data'), waiting.cancelled_at) end
  redis.call('SET', job_key .. ':lock', cmsgpack.unpack(ARGV[8]).token, 'PX', waiting.lock)
  return nil
end

if control.waiting then
  local refused = take_waiting(KEYS[1], control.waiting)
  if refused then return { refused } end
end
local function key(suffix) return queue_root .. suffix end
local result = bullmq_moveToFinished({
  key('wait'), key('active'), key('prioritized'), key('events'), key('stalled'), key('limiter'), key('delayed'),
  key('paused'), key('meta'), key('pc'), key(ARGV[5]), KEYS[1], key('metrics:' .. ARGV[5]), key('marker'),
}, ARGV)
if type(result) == 'number' and result < 0 then return { result } end

local type = 'job.' .. control.status
if control.audit_from > 0 then
  redis.call('XADD', root .. 'audit', 'MINID', '~', string.format('%.0f', control.audit_from), '*', 'job_id', id, 'type', type, 'event', ARGV[11])
else
  redis.call('XADD', root .. 'audit', '*', 'job_id', id, 'type', type, 'event', ARGV[11])
end
if control.delivery_type then
  enqueue_delivery(root, 'dlv_' .. id, control.delivery_type, ARGV[12], control.trace, now_ms())
end
local ended_batch = ''
if control.batch then
  ended_batch = count_result(root, control.batch, control.status, ARGV[13], control.ttl, now_ms())
end
if control.tenant then redis.call('SREM', root .. 'open:' .. control.tenant, id) end
if control.idempotency_scope then
  local record = root .. 'idempotency:' .. control.idempotency_scope
  if redis.call('GET', record) == string.sub(queue_root, #root + 1) .. id then redis.call('EXPIRE', record, control.ttl) end
end
if control.has_checkpoints then redis.call('UNLINK', root .. 'parts:' .. id) end
publish_end(root, id, KEYS[1], control.status)
-- Nobody reads BullMQ's event stream, and it holds a copy of every answer.
redis.call('XTRIM', key('events'), 'MAXLEN', 0)
return { mark_overdue(result, queue_root), ended_batch }
