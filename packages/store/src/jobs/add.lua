--[[
  Adds one submitted job, with all checks and counts, in one round trip.

  KEYS[1]  the job's hash

  ARGV[1]  control (msgpack)
             opts               BullMQ's options of the job; the script adds `priority`
             tenant             the owner of the job
             start_within       seconds after the delay within which the job must start
             priority           its priority, unless `fair` is given
             fair               for fair share: see fair-priority.lua; or nil
             max_waiting        how many jobs may wait in the queue, without those of batches
             max_open           how many unfinished jobs the tenant may have; or nil
             bucket             the job's bucket in the indexes of its tenant and of all tenants
             idempotency        { scope, ttl, max_ttl }, or nil: the digest of tenant and key; how long finished jobs are
                                kept; how long the record is kept if the job never finishes; both in milliseconds
  ARGV[2]  the job's data as JSON
  ARGV[3]  the job's entry in the indexes, 17 bytes

  Returns  { 'added', timestamp }    the job waits; timestamp is when it was added, by the clock of Redis
           { 'replayed', id, job }   a job was added with this Idempotency-Key and is still kept; `job` as in
                                     read-job.lua
           { 'refused', 'queue' }    the queue is full
           { 'refused', 'tenant' }   the tenant has too many unfinished jobs

  Atomic   all of it. A job that is refused or replayed writes nothing. When Redis is full, the first write fails and
           the script writes nothing. If it is sent twice because the reply was lost, it adds one job.
  Touches, beyond KEYS: the keys of the queue (BullMQ), <root>idempotency:<scope>, the hash and the lock of a replayed
           job, <root>open, <root>open:<tenant>, <root>fair:<queue>:<band>, <root>index:*.
]]
local control = cmsgpack.unpack(ARGV[1])
--- @include ../scripts/includes/redis-time.lua
--- @include ./deadline.lua
--- @include ./read-job.lua
--- @include ../limits/queue-length.lua
--- @include ../limits/tenant-slots.lua
--- @include ../fairness/fair-priority.lua
--- @include ../job-index/append-index.lua
--- @include ../scripts/includes/index-job.lua
--- @bullmq addPrioritizedJob
--- @bullmq addDelayedJob
--- @include ../scripts/includes/add-job.lua
-- A job's key is <root><queue>:<id>, and a queue's name is <type>.<route>. Deriving them is cheaper than packing them.
local root, queue, id = string.match(KEYS[1], '^({[^}]*}:)([^:]+):([^:]+)$')
local queue_root, name, opts = root .. queue .. ':', string.match(queue, '^[^.]+'), control.opts
local now = now_ms()

-- The same call was sent twice.
local added_at = redis.call('HGET', KEYS[1], 'timestamp')
if added_at then return { 'added', added_at } end

local key = control.idempotency
local record = key and root .. 'idempotency:' .. key.scope
if record then
  local held = redis.call('GET', record)
  local held_queue, held_id = string.match(held or '', '^([^:]+):([^:]+)$')
  local job = held_queue and read_job(root .. held, root .. held_queue .. ':', held_id, now)
  local finished_on = job and tonumber(redis.call('HGET', root .. held, 'finishedOn'))
  if job and not (finished_on and finished_on + key.ttl < now) then return { 'replayed', held_id, job } end
end

if not has_queue_room(queue_root, control.max_waiting) then return { 'refused', 'queue' } end
if control.max_open and not has_tenant_slot(root, control.tenant, control.max_open) then return { 'refused', 'tenant' } end

opts.priority = control.fair and fair_priority(queue_root .. 'prioritized', control.tenant, control.fair) or control.priority
add_job(queue_root, id, name, opts, ARGV[2], now)
if control.max_open then take_tenant_slot(root, control.tenant, id) end
if record then redis.call('SET', record, queue .. ':' .. id, 'PX', key.max_ttl) end
index_job(root, control.tenant, control.bucket, ARGV[3], now + (opts.delay or 0) + control.start_within * 1000)
return { 'added', string.format('%.0f', now) }
